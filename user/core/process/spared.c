// SPDX-License-Identifier: GPL-2.0-only
/* The programs and units that must not end for a port. */
#include "core/process/spared.h"

#include <fnmatch.h>
#include <string.h>

static const char *const programs[] = {
	"systemd",	 "(sd-pam)",	  "init",	 "dockerd",
	"docker-proxy",	 "containerd",	  "conmon",	 "crio",
	"podman",	 "rootlessport",  "rootlesskit", "slirp4netns",
	"pasta",	 "passt",	  "kubelet",	 "kube-proxy",
	"buildkitd",	 "runc",	  "crun",	 "lxc-start",
	"sshd",		 "sshd-session",  "login",	 "dbus-daemon",
	"dbus-broker",	 "tmux: server",  "screen",	 "supervisord",
	"runsvdir",	 "runsv",	  "s6-svscan",	 "s6-supervise",
	"monit",	 "xinetd",	  "nomad",	 "Runner.Listener",
	"Runner.Worker", "gitlab-runner", "circusd",
};

/* The kernel cuts names after 15 bytes: "containerd-shim-runc-v2" is "containerd-shim". */
static const char *const program_prefixes[] = { "containerd-shim", "systemd-", "pasta.",
						"passt.",	   "sshd:",    "PM2 v" };

static const char *const units[] = {
	"docker.service",
	"snap.docker.*.service",
	"containerd.service",
	"podman.service",
	"crio.service",
	"kubelet.service",
	"k3s*.service",
	"rke2-*.service",
	"microk8s*.service",
	"snap.microk8s.*.service",
	"buildkit*.service",
	"libvirtd.service",
	"virt*d.service",
	"lxc*.service",
	"lxd*.service",
	"incus*.service",
	"machines.service",
	"ssh*.service",
	"dropbear*.service",
	"cron*.service",
	"anacron.service",
	"atd.service",
	"*getty*.service",
	"gdm*.service",
	"lightdm.service",
	"sddm.service",
	"lxdm.service",
	"xdm.service",
	"display-manager.service",
	"systemd-*.service",
	"dbus*.service",
	"polkit.service",
	"user@*.service",
	"user-runtime-dir@*.service",
	"NetworkManager.service",
	"networking.service",
	"wpa_supplicant*.service",
	/* Supervisors: all programs that they run would end with them. */
	"supervisor*.service",
	"pm2*.service",
	"runit*.service",
	"s6*.service",
	"gitlab-run*.service",
	"actions.runner.*.service",
	"monit.service",
	"xinetd.service",
	"nomad*.service",
	"circus*.service",
};

#define COUNT_OF(list) (sizeof(list) / sizeof((list)[0]))

static const char *const system_folders[] = {
	"/usr/", "/bin/", "/sbin/", "/lib/", "/opt/", "/snap/", "/nix/store/", "/gnu/store/",
};

size_t pc_spared_folder(const char *path)
{
	for (size_t i = 0; i < COUNT_OF(system_folders); i++)
		if (!strncmp(path, system_folders[i], strlen(system_folders[i])))
			return strlen(system_folders[i]);
	return 0;
}

size_t pc_spared_known(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(programs); i++)
		if (!strcmp(name, programs[i]))
			return strlen(name);
	for (size_t i = 0; i < COUNT_OF(program_prefixes); i++)
		if (!strncmp(name, program_prefixes[i], strlen(program_prefixes[i])))
			return strlen(program_prefixes[i]);
	return 0;
}

bool pc_spared_path(const char *exe)
{
	return pc_spared_folder(exe) > 0;
}

static bool is_named_so(const struct pc_identity *who)
{
	return pc_spared_known(who->comm) > 0;
}

/* "tmux: server" runs /usr/bin/tmux, "containerd-shim" runs containerd-shim-runc-v2. */
static bool runs_what_it_says(const struct pc_identity *who)
{
	const char *slash = strrchr(who->exe, '/');
	const char *file = slash ? slash + 1 : who->exe;
	size_t length = strcspn(who->comm, ":"), file_length = strcspn(file, " ");

	if (length > file_length)
		length = file_length;
	return pc_spared_path(who->exe) && length && !strncmp(who->comm, file, length);
}

bool pc_spared_process(const struct pc_identity *who)
{
	return is_named_so(who) && (!who->uid || !who->exe || runs_what_it_says(who));
}

bool pc_spared_unit(const char *unit)
{
	for (size_t i = 0; i < COUNT_OF(units); i++)
		if (!fnmatch(units[i], unit, 0))
			return true;
	return !pc_unit_is_service(unit);
}

bool pc_unit_is_service(const char *unit)
{
	size_t len = unit ? strlen(unit) : 0, n = strlen(".service");

	return len > n && !strcmp(unit + len - n, ".service");
}
