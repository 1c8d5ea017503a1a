// SPDX-License-Identifier: GPL-2.0-only
/* The names in cgroup paths as the usual managers and runtimes make them, as users could make
 * them to mislead; and which line of /proc/PID/cgroup is believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/process/cgroup.h"

#define ID "3f4e8a0b1c2d3e4f5061728394a5b6c7d8e9fa0b1c2d3e4f5061728394a5b6c7"
#define OTHER "aaaabbbbccccddddeeeeffff00001111aaaabbbbccccddddeeeeffff00001111"
#define UID "1f3c9a52-77a1-4d0e-9c55-0a1b2c3d4e5f"
#define UID_ "1f3c9a52_77a1_4d0e_9c55_0a1b2c3d4e5f"
#define STATIC_UID "0123456789abcdef0123456789abcdef"
#define USER "/user.slice/user-1000.slice"
#define MANAGER USER "/user@1000.service"

struct example {
	const char *path;
	const char *unit;
	const char *container;
	const char *pod;
	const char *inner_unit;
	enum pc_word word; /* of the container */
};

static void cgroup_assert_text(const char *path, const char *what, const char *got,
			       const char *want)
{
	if ((!got && !want) || (got && want && !strcmp(got, want)))
		return;
	print_error("%s: %s is %s, not %s\n", path ? path : "NULL", what, got ? got : "NULL",
		    want ? want : "NULL");
	fail();
}

static void check(const struct example *examples, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct example *e = &examples[i];
		struct pc_cgroup_names names;

		assert_int_equal(pc_cgroup_parse(e->path, &names), 0);
		cgroup_assert_text(e->path, "unit", names.unit, e->unit);
		cgroup_assert_text(e->path, "container", names.container, e->container);
		cgroup_assert_text(e->path, "pod", names.pod, e->pod);
		cgroup_assert_text(e->path, "inner unit", names.inner_unit, e->inner_unit);
		if (names.container_word != e->word)
			fail_msg("%s: the container is the word of %d, not of %d", e->path,
				 names.container_word, e->word);
		pc_cgroup_names_free(&names);
		assert_null(names.unit);
	}
}

#define CHECK(examples) check(examples, sizeof(examples) / sizeof((examples)[0]))

static void units(void **state)
{
	static const struct example examples[] = {
		{ "/system.slice/nginx.service", "nginx.service", NULL, NULL, NULL, PC_WORD_NONE },
		{ "/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service", NULL,
		  NULL, NULL, PC_WORD_NONE },
		{ "/system.slice/dev-disk\\x2dby.service", "dev-disk\\x2dby.service", NULL, NULL,
		  NULL, PC_WORD_NONE },
		{ "/system.slice/foo.service/payload/worker", "foo.service", NULL, NULL, NULL,
		  PC_WORD_NONE },
		{ "/system.slice/_memory.service", "memory.service", NULL, NULL, NULL,
		  PC_WORD_NONE },
		{ "/system.slice/__x.service", "_x.service", NULL, NULL, NULL, PC_WORD_NONE },
		{ "/init.scope", "init.scope", NULL, NULL, NULL, PC_WORD_NONE },
		{ "/../../system.slice/nginx.service", "nginx.service", NULL, NULL, NULL,
		  PC_WORD_NONE },
		{ "system.slice//nginx.service/", "nginx.service", NULL, NULL, NULL, PC_WORD_NONE },
	};

	(void)state;
	CHECK(examples);
}

/* Below a user's manager, and below a unit, names are the word of whoever runs there. */
static void users(void **state)
{
	static const struct example examples[] = {
		{ MANAGER "/app.slice/foo.service", "user@1000.service", NULL, NULL, "foo.service",
		  PC_WORD_NONE },
		{ MANAGER "/app.slice/app-firefox-77.scope", "user@1000.service", NULL, NULL,
		  "app-firefox-77.scope", PC_WORD_NONE },
		{ MANAGER "/init.scope", "user@1000.service", NULL, NULL, NULL, PC_WORD_NONE },
		{ MANAGER "/user.slice", "user@1000.service", NULL, NULL, NULL, PC_WORD_NONE },
		{ MANAGER "/app.slice/foo.service/tab.scope", "user@1000.service", NULL, NULL,
		  "tab.scope", PC_WORD_NONE },
		{ MANAGER "/nginx.service", "user@1000.service", NULL, NULL, "nginx.service",
		  PC_WORD_NONE },
		{ MANAGER "/system.slice/docker-" ID ".scope", "user@1000.service", ID, NULL, NULL,
		  PC_WORD_USER },
		{ USER "/session-3.scope", "session-3.scope", NULL, NULL, NULL, PC_WORD_NONE },
		{ USER "/session-3.scope/x.service", "session-3.scope", NULL, NULL, NULL,
		  PC_WORD_NONE },
		{ "/system.slice/foo.service/x.scope", "foo.service", NULL, NULL, NULL,
		  PC_WORD_NONE },
		{ "/system.slice/foo.service/nginx.service", "foo.service", NULL, NULL, NULL,
		  PC_WORD_NONE },
		{ "/system.slice/foo.service/user@0.service/a.service", "foo.service", NULL, NULL,
		  NULL, PC_WORD_NONE },
	};
	struct pc_cgroup_names names;

	(void)state;
	CHECK(examples);
	assert_int_equal(pc_cgroup_parse(MANAGER "/app.slice", &names), 0);
	assert_int_equal(names.user, 1000);
	pc_cgroup_names_free(&names);
	assert_int_equal(pc_cgroup_parse("/system.slice/user@x.service", &names), 0);
	assert_false(names.below_user);
	pc_cgroup_names_free(&names);
}

static void no_units(void **state)
{
	static const struct example examples[] = {
		{ NULL, NULL, NULL, NULL, NULL, PC_WORD_NONE },
		{ "", NULL, NULL, NULL, NULL, PC_WORD_NONE },
		{ "/", NULL, NULL, NULL, NULL, PC_WORD_NONE },
		{ "////", NULL, NULL, NULL, NULL, PC_WORD_NONE },
		{ "/../..", NULL, NULL, NULL, NULL, PC_WORD_NONE },
		{ "/system.slice", NULL, NULL, NULL, NULL, PC_WORD_NONE },
		{ "/system.slice/docker.socket", NULL, NULL, NULL, NULL, PC_WORD_NONE },
		{ "/system.slice/home.mount", NULL, NULL, NULL, NULL, PC_WORD_NONE },
		{ "/system.slice/.service", NULL, NULL, NULL, NULL, PC_WORD_NONE },
		{ "/system.slice/_.service", NULL, NULL, NULL, NULL, PC_WORD_NONE },
		{ "/system.slice/.scope", NULL, NULL, NULL, NULL, PC_WORD_NONE },
		{ "/system.slice/nginx.service.d", NULL, NULL, NULL, NULL, PC_WORD_NONE },
	};

	(void)state;
	CHECK(examples);
}

static void containers(void **state)
{
	static const struct example examples[] = {
		{ "/system.slice/docker-" ID ".scope", "docker-" ID ".scope", ID, NULL, NULL,
		  PC_WORD_SYSTEM },
		{ "/docker/" ID, NULL, ID, NULL, NULL, PC_WORD_SYSTEM },
		{ "/docker/" ID "/docker/" OTHER, NULL, OTHER, NULL, NULL, PC_WORD_UNIT },
		{ "/actions_job/" ID, NULL, ID, NULL, NULL, PC_WORD_SYSTEM },
		{ "/docker/" ID "/system.slice/a.service", NULL, ID, NULL, "a.service",
		  PC_WORD_SYSTEM },
		{ "/system.slice/docker-" ID ".scope/init.scope", "docker-" ID ".scope", ID, NULL,
		  NULL, PC_WORD_SYSTEM },
		{ "/docker-" OTHER ".scope/docker-" ID ".scope", "docker-" OTHER ".scope", ID, NULL,
		  NULL, PC_WORD_UNIT },
		{ "/x/a.service/docker-" ID ".scope", "a.service", ID, NULL, NULL, PC_WORD_UNIT },
		{ "/machine.slice/libpod-" ID ".scope/container", "libpod-" ID ".scope", ID, NULL,
		  NULL, PC_WORD_SYSTEM },
		{ "/system.slice/web.service/libpod-payload-" ID, "web.service", ID, NULL, NULL,
		  PC_WORD_UNIT },
		{ MANAGER "/user.slice/libpod-" ID ".scope", "user@1000.service", ID, NULL, NULL,
		  PC_WORD_USER },
		{ "/system.slice/nerdctl-" ID ".scope", "nerdctl-" ID ".scope", ID, NULL, NULL,
		  PC_WORD_SYSTEM },
		{ "/lxc/web", NULL, "web", NULL, NULL, PC_WORD_SYSTEM },
		{ "/lxc/101/ns/system.slice/a.service", NULL, "101", NULL, "a.service",
		  PC_WORD_SYSTEM },
		{ "/lxc.payload.web/system.slice/a.service", NULL, "web", NULL, "a.service",
		  PC_WORD_SYSTEM },
		{ "/lxc.payload/web", NULL, "web", NULL, NULL, PC_WORD_SYSTEM },
		{ "/lxc/web/docker/" ID, NULL, ID, NULL, NULL, PC_WORD_UNIT },
	};

	(void)state;
	CHECK(examples);
}

/* Whole lines of /proc/PID/cgroup as the runtimes leave them, cgroup v1 and v2: with docker run,
 * kubelet's two drivers, podman by root and by a user, nspawn, LXC, buildkitd, a kind node. */
static void real_samples(void **state)
{
	static const struct {
		const char *text;
		struct example want;
	} samples[] = {
		{ "12:pids:/docker/" ID "\n11:memory:/docker/" ID "\n1:name=systemd:/docker/" ID
		  "\n0::/system.slice/containerd.service\n",
		  { "docker, v1", NULL, ID, NULL, NULL, PC_WORD_SYSTEM } },
		{ "0::/system.slice/docker-" ID ".scope\n",
		  { "docker, v2", "docker-" ID ".scope", ID, NULL, NULL, PC_WORD_SYSTEM } },
		{ "11:memory:/kubepods/burstable/pod" UID "/" ID
		  "\n1:name=systemd:/kubepods/burstable/pod" UID "/" ID "\n",
		  { "kubelet, cgroupfs, v1", NULL, ID, UID, NULL, PC_WORD_SYSTEM } },
		{ "0::/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" UID_
		  ".slice/cri-containerd-" ID ".scope\n",
		  { "kubelet, systemd, v2", "cri-containerd-" ID ".scope", ID, UID, NULL,
		    PC_WORD_SYSTEM } },
		{ "0::/kubepods.slice/kubepods-pod" UID_ ".slice/crio-" ID ".scope/container\n",
		  { "CRI-O, v2", "crio-" ID ".scope", ID, UID, NULL, PC_WORD_SYSTEM } },
		{ "1:name=systemd:/kubepods/besteffort/pod" UID "/crio-" ID "\n",
		  { "CRI-O, cgroupfs, v1", NULL, ID, UID, NULL, PC_WORD_SYSTEM } },
		{ "0::/machine.slice/libpod-" ID ".scope/container\n",
		  { "podman, v2", "libpod-" ID ".scope", ID, NULL, NULL, PC_WORD_SYSTEM } },
		{ "0::" MANAGER "/user.slice/libpod-" ID ".scope/container\n",
		  { "podman, rootless", "user@1000.service", ID, NULL, NULL, PC_WORD_USER } },
		{ "1:name=systemd:/machine.slice/libpod-" ID ".scope\n",
		  { "podman, v1", "libpod-" ID ".scope", ID, NULL, NULL, PC_WORD_SYSTEM } },
		{ "0::/machine.slice/machine-web.scope/payload/init.scope\n",
		  { "nspawn", "machine-web.scope", "web", NULL, NULL, PC_WORD_SYSTEM } },
		{ "0::/machine.slice/systemd-nspawn@my\\x2dweb.service/payload/system.slice/nginx.service\n",
		  { "nspawn unit", "systemd-nspawn@my\\x2dweb.service", "my-web", NULL,
		    "nginx.service", PC_WORD_SYSTEM } },
		{ "0::/machine.slice/systemd-nspawn@web.service/supervisor\n",
		  { "nspawn itself", "systemd-nspawn@web.service", NULL, NULL, NULL,
		    PC_WORD_NONE } },
		{ "0::/machine.slice/machine-qemu\\x2d1\\x2dvm.scope/libvirt/emulator\n",
		  { "a virtual machine", "machine-qemu\\x2d1\\x2dvm.scope", NULL, NULL, NULL,
		    PC_WORD_NONE } },
		{ "0::/lxc.payload.web/system.slice/ssh.service\n",
		  { "LXC, v2", NULL, "web", NULL, "ssh.service", PC_WORD_SYSTEM } },
		{ "12:memory:/lxc/web\n1:name=systemd:/lxc/web/init.scope\n",
		  { "LXC, v1", NULL, "web", NULL, NULL, PC_WORD_SYSTEM } },
		{ "0::/docker/buildkit/vwb3yjzq6hk9jq0ew8iy1dz2l\n",
		  { "docker build", NULL, "vwb3yjzq6hk9jq0ew8iy1dz2l", NULL, NULL,
		    PC_WORD_SYSTEM } },
		{ "0::/buildkit/vwb3yjzq6hk9jq0ew8iy1dz2l\n",
		  { "buildkitd", NULL, "vwb3yjzq6hk9jq0ew8iy1dz2l", NULL, NULL, PC_WORD_SYSTEM } },
		{ "0::/system.slice/docker-" OTHER
		  ".scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod" UID_
		  ".slice/cri-containerd-" ID ".scope\n",
		  { "kind", "docker-" OTHER ".scope", ID, UID, NULL, PC_WORD_UNIT } },
		{ "0::/k8s.io/" ID "\n",
		  { "containerd, no slice", NULL, ID, NULL, NULL, PC_WORD_SYSTEM } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		struct example e = samples[i].want;
		char *path;

		print_message("%s\n", e.path);
		assert_int_equal(pc_cgroup_of_procfile(samples[i].text, &path), 0);
		e.path = path;
		check(&e, 1);
		free(path);
	}
}

static void no_containers(void **state)
{
	static const struct example examples[] = {
		{ "/machine.slice/libpod-conmon-" ID ".scope", "libpod-conmon-" ID ".scope", NULL,
		  NULL, NULL, PC_WORD_NONE },
		{ "/crio-conmon-" ID ".scope", "crio-conmon-" ID ".scope", NULL, NULL, NULL,
		  PC_WORD_NONE },
		{ "/lxc.monitor.web", NULL, NULL, NULL, NULL, PC_WORD_NONE },
		{ "/lxc.monitor/web", NULL, NULL, NULL, NULL, PC_WORD_NONE },
		{ "/lxc", NULL, NULL, NULL, NULL, PC_WORD_NONE },
		{ "/lxc/", NULL, NULL, NULL, NULL, PC_WORD_NONE },
		{ "/lxc/..", NULL, NULL, NULL, NULL, PC_WORD_NONE },
		{ "/lxc.payload.", NULL, NULL, NULL, NULL, PC_WORD_NONE },
		{ "/docker/" ID "0", NULL, NULL, NULL, NULL, PC_WORD_NONE },
		{ "/docker/" STATIC_UID, NULL, NULL, NULL, NULL, PC_WORD_NONE },
		{ "/docker/x" ID, NULL, NULL, NULL, NULL, PC_WORD_NONE },
		{ "/docker/g" OTHER, NULL, NULL, NULL, NULL, PC_WORD_NONE },
		{ "/docker-/docker-.scope", "docker-.scope", NULL, NULL, NULL, PC_WORD_NONE },
		{ "/:/a:/docker:", NULL, NULL, NULL, NULL, PC_WORD_NONE },
		/* An upper-case letter within: no runtime writes those. */
		{ "/AAAABBBBCCCCDDDDEEEEFFFF00001111AAAABBBBCCCCDDDDEEEEFFFF00001111", NULL, NULL,
		  NULL, NULL, PC_WORD_NONE },
	};

	(void)state;
	CHECK(examples);
}

#define SLICES "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod"

static void pods(void **state)
{
	static const struct example examples[] = {
		{ SLICES UID_ ".slice/cri-containerd-" ID ".scope", "cri-containerd-" ID ".scope",
		  ID, UID, NULL, PC_WORD_SYSTEM },
		{ "/kubepods.slice/kubepods-pod" UID_ ".slice/crio-" ID ".scope/container",
		  "crio-" ID ".scope", ID, UID, NULL, PC_WORD_SYSTEM },
		{ SLICES UID_ ".slice/crio-conmon-" ID ".scope", "crio-conmon-" ID ".scope", NULL,
		  UID, NULL, PC_WORD_NONE },
		{ "/kubepods/besteffort/pod" UID "/" ID, NULL, ID, UID, NULL, PC_WORD_SYSTEM },
		{ "/kubepods/burstable/pod" UID "/" ID, NULL, ID, UID, NULL, PC_WORD_SYSTEM },
		{ "/kubepods/pod" UID "/" ID, NULL, ID, UID, NULL, PC_WORD_SYSTEM },
		{ SLICES STATIC_UID ".slice/docker-" ID ".scope", "docker-" ID ".scope", ID,
		  STATIC_UID, NULL, PC_WORD_SYSTEM },
		{ "/docker/" OTHER
		  "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort-pod" UID_
		  ".slice/cri-containerd-" ID ".scope",
		  NULL, ID, UID, NULL, PC_WORD_UNIT },
		{ "/system.slice/containerd.service/kubepods-besteffort-pod" UID_
		  ".slice:cri-containerd:" ID,
		  "containerd.service", ID, UID, NULL, PC_WORD_UNIT },
		{ "/kubepods/pod" UID "/" ID "/podinfo", NULL, ID, UID, NULL, PC_WORD_SYSTEM },
	};

	(void)state;
	CHECK(examples);
}

static void no_pods(void **state)
{
	static const struct example examples[] = {
		{ "/kubepods.slice/kubepods-burstable.slice", NULL, NULL, NULL, NULL,
		  PC_WORD_NONE },
		{ "/kubepods.slice/kubepods-pod.slice", NULL, NULL, NULL, NULL, PC_WORD_NONE },
		{ "/kubepods/pod", NULL, NULL, NULL, NULL, PC_WORD_NONE },
		{ "/kubepods-pod" UID_, NULL, NULL, NULL, NULL, PC_WORD_NONE },
		{ "/my-podcast.slice", NULL, NULL, NULL, NULL, PC_WORD_NONE },
		{ "/podman/podcast", NULL, NULL, NULL, NULL, PC_WORD_NONE },
	};

	(void)state;
	CHECK(examples);
}

static void long_path(void **state)
{
	size_t len = 1024 * 1024;
	char *path = malloc(len + sizeof(".service"));
	struct pc_cgroup_names names;

	(void)state;
	assert_non_null(path);
	memset(path, 'a', len);
	strcpy(path + len, ".service");
	assert_int_equal(pc_cgroup_parse(path, &names), 0);
	assert_string_equal(names.unit, path);
	pc_cgroup_names_free(&names);
	memset(path, '/', len);
	assert_int_equal(pc_cgroup_parse(path, &names), 0);
	assert_null(names.unit);
	pc_cgroup_names_free(&names);
	pc_cgroup_names_free(NULL);
	free(path);
}

static void procfile(void **state)
{
	static const struct {
		const char *text;
		const char *path;
	} examples[] = {
		{ "0::/system.slice/a.service\n", "/system.slice/a.service" },
		{ "0::/system.slice/a.service", "/system.slice/a.service" },
		{ "0::/\n", "/" },
		{ "0::/../../a.service\n", "/../../a.service" },
		{ "0::/a:b::c/d e\n", "/a:b::c/d e" },
		{ "0::/a.service (deleted)\n", "/a.service" },
		{ "12:memory:/m\n1:name=systemd:/s\n0::/u\n", "/s" },
		{ "0::/u\n1:name=systemd:/s\n12:memory:/m\n", "/s" },
		{ "12:memory:/m\n1:name=systemd:/\n0::/u\n", "/u" },
		{ "12:memory:/m\n0::/u\n", "/u" },
		{ "9:memory:/a\n8:cpu,cpuacct:/a/b\n7:pids:/\n1:name=systemd:/\n0::/\n", "/a/b" },
		{ "9:freezer:/a/b/c\n8:cpuset:/a/b/c\n7:pids:/p\n", "/p" },
		{ "7:pids:/docker/x\n1:name=systemd:/\n0::/a/b\n", "/docker/x" },
		{ "7:pids:/a\n0::/a/b\n", "/a/b" },
		{ "9:net_cls,memory:/longer\n8:cpu:/short\n", "/longer" },
		{ "9:memory:/\n8:cpu:/\n0::/\n", "/" },
		/* Neither is cgroup v2: another number, another name. */
		{ "1::/x\n", "/" },
		{ "0:name=other:/x\n", "/" },
		{ "", "/" },
		{ "\n\n:\n::\n", "/" },
		{ "0::\n0::relative\nmemory\n0\n", "/" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		char *path;

		assert_int_equal(pc_cgroup_of_procfile(examples[i].text, &path), 0);
		cgroup_assert_text(examples[i].text, "path", path, examples[i].path);
		free(path);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(units),	cmocka_unit_test(users),
		cmocka_unit_test(no_units),	cmocka_unit_test(containers),
		cmocka_unit_test(real_samples), cmocka_unit_test(no_containers),
		cmocka_unit_test(pods),		cmocka_unit_test(no_pods),
		cmocka_unit_test(long_path),	cmocka_unit_test(procfile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
