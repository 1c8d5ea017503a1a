// SPDX-License-Identifier: GPL-2.0-only
/* Names of containers from a folder that looks like a machine's root: each runtime's place, files that are not
 * to be believed or are too large, the cache and the budget. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/time.h"
#include "core/process/given_names.h"
#include "folder.h"
#include "host/given.h"

#define ID "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define UID "1b4e28ba-2fa1-11d2-883f-0016d3cca427"
#define START (100 * PC_NS_PER_SECOND)

#define DOCKER "var/lib/docker/containers/" ID "/config.v2.json"
#define STORAGE "var/lib/containers/storage/overlay-containers/"

/* Makes the folders of a path, and the file. */
static void given_put(const char *path, const char *text)
{
	char folder[512];

	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
		mkdir(folder, 0755);
	}
	if (text)
		folder_put(path, text);
	else
		assert_int_equal(mkdir(path, 0755), 0);
}

static struct pc_given *given_here(void)
{
	const struct pc_given_place place = { .root = ".", .owner = getuid() };
	struct pc_given *g = pc_given_new(&place);

	assert_non_null(g);
	return g;
}

static struct pc_identity given_who(enum pc_word word, const char *id, const char *pod)
{
	return (struct pc_identity){ .container = (char *)id,
				     .pod = (char *)pod,
				     .container_word = word };
}

static void expect_given_names(struct pc_given *g, uint64_t now_ns, const struct pc_identity *of,
			       const char *container, const char *pod)
{
	struct pc_identity who = *of;

	pc_given_fill(g, now_ns, &who);
	assert_string_equal(who.given.container ? who.given.container : "(none)",
			    container ? container : "(none)");
	assert_string_equal(who.given.pod ? who.given.pod : "(none)", pod ? pod : "(none)");
	pc_given_free(&who.given);
}

/* With a cache of its own. */
static void expect_name(const struct pc_identity *of, const char *container, const char *pod)
{
	struct pc_given *g = given_here();

	expect_given_names(g, START, of, container, pod);
	pc_given_free_all(g);
}

static const char docker_text[] = "{\"ID\":\"" ID "\",\"Name\":\"/web\"}";

/* The control group of a container can lie anywhere, as with `docker run --cgroup-parent=/shop`. */
static void docker_by_its_file(void **state)
{
	struct pc_identity who = given_who(PC_WORD_SYSTEM, ID, NULL);
	struct pc_given *g = given_here();

	(void)state;
	who.runtime = PC_RUNTIME_OTHER;
	given_put(DOCKER, docker_text);
	pc_given_fill(g, START, &who);
	assert_int_equal(who.runtime, PC_RUNTIME_DOCKER);
	pc_given_free(&who.given);
	pc_given_free_all(g);
}

static void docker_at_its_place(void **state)
{
	const struct pc_identity who = given_who(PC_WORD_SYSTEM, ID, NULL);

	(void)state;
	expect_name(&who, NULL, NULL);
	given_put(DOCKER, docker_text);
	expect_name(&who, "web", NULL);
	/* Many move its folder to another disk, and leave a link. */
	assert_int_equal(rename("var/lib/docker", "moved"), 0);
	assert_int_equal(symlink("../../moved", "var/lib/docker"), 0);
	expect_name(&who, "web", NULL);
	assert_int_equal(unlink("var/lib/docker"), 0);
	expect_name(&who, NULL, NULL);
	given_put("etc/docker/daemon.json", "{\"data-root\":\"/moved\"}");
	expect_name(&who, "web", NULL);
}

static void podman_and_crio(void **state)
{
	const struct pc_identity who = given_who(PC_WORD_UNIT, ID, UID);

	(void)state;
	given_put(STORAGE ID, NULL);
	given_put(STORAGE "containers.json", "[]");
	expect_name(&who, NULL, NULL);
	/* `podman run --rm` puts its containers there. */
	given_put(STORAGE "volatile-containers.json", "[{\"id\":\"" ID "\",\"names\":[\"web\"]}]");
	expect_name(&who, "web", NULL);
	given_put(STORAGE "containers.json",
		  "[{\"id\":\"" ID "\",\"names\":[\"k8s_web_shop_prod_" UID "_0\"]}]");
	expect_name(&who, "web", "shop");
	/* The list is not read for a container that is not there. */
	assert_int_equal(rmdir(STORAGE ID), 0);
	expect_name(&who, NULL, NULL);
}

static void containerd_and_the_kubelet(void **state)
{
	const struct pc_identity who = given_who(PC_WORD_SYSTEM, ID, UID);
	const struct pc_identity alone = given_who(PC_WORD_SYSTEM, ID, NULL);

	(void)state;
	given_put("var/log/pods/prod_shop_" UID, NULL);
	expect_name(&who, NULL, "shop");
	given_put("var/log/containers/shop-1_prod_web-" ID ".log", "");
	expect_name(&who, "web", "shop-1");
	expect_name(&alone, NULL, NULL);
	given_put("run/containerd/io.containerd.runtime.v2.task/k8s.io/" ID "/config.json",
		  "{\"annotations\":{\"io.kubernetes.cri.container-name\":\"side\"}}");
	expect_name(&who, "side", "shop-1");
}

static void not_to_be_believed(void **state)
{
	const struct pc_identity users = given_who(PC_WORD_USER, ID, NULL);
	const struct pc_identity who = given_who(PC_WORD_SYSTEM, ID, NULL);
	const struct pc_identity upwards = given_who(PC_WORD_SYSTEM, "..", NULL);
	const struct pc_given_place anothers = { .root = ".", .owner = getuid() + 1 };
	struct pc_given *g = pc_given_new(&anothers);

	(void)state;
	given_put(DOCKER, docker_text);
	given_put("var/lib/docker/config.v2.json", "{\"ID\":\"..\",\"Name\":\"/web\"}");
	expect_name(&who, "web", NULL);
	expect_name(&users, NULL, NULL);
	expect_name(&upwards, NULL, NULL);
	expect_given_names(g, START, &who, NULL, NULL);
	pc_given_free_all(g);
	assert_int_equal(chmod(DOCKER, 0646), 0);
	expect_name(&who, NULL, NULL);
	assert_int_equal(chmod(DOCKER, 0600), 0);
	expect_name(&who, "web", NULL);
	/* A link to a file elsewhere; a pipe, which would wait for a writer. */
	assert_int_equal(rename(DOCKER, "elsewhere"), 0);
	assert_int_equal(symlink("../../../../../elsewhere", DOCKER), 0);
	expect_name(&who, NULL, NULL);
	assert_int_equal(unlink(DOCKER), 0);
	assert_int_equal(mkfifo(DOCKER, 0600), 0);
	expect_name(&who, NULL, NULL);
}

/* The same text, with spaces behind it up to this size. */
static void put_padded(const char *path, const char *text, size_t size)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fprintf(file, "%s%*s", text, (int)(size - strlen(text)), "") > 0);
	assert_int_equal(fclose(file), 0);
}

static void too_large(void **state)
{
	const struct pc_identity who = given_who(PC_WORD_SYSTEM, ID, NULL);

	(void)state;
	given_put(DOCKER, docker_text);
	put_padded(DOCKER, docker_text, PC_GIVEN_FILE_MAX);
	expect_name(&who, "web", NULL);
	put_padded(DOCKER, docker_text, PC_GIVEN_FILE_MAX + 1);
	expect_name(&who, NULL, NULL);
}

static void kept_for_a_while(void **state)
{
	const struct pc_identity who = given_who(PC_WORD_SYSTEM, ID, NULL);
	struct pc_given *g = given_here();
	uint64_t found = START + PC_GIVEN_MISSED_NS;

	(void)state;
	expect_given_names(g, START, &who, NULL, NULL);
	given_put(DOCKER, docker_text);
	expect_given_names(g, found - 1, &who, NULL, NULL);
	expect_given_names(g, found, &who, "web", NULL);
	folder_put(DOCKER, "{\"ID\":\"" ID "\",\"Name\":\"/renamed\"}");
	expect_given_names(g, found + PC_GIVEN_FOUND_NS - 1, &who, "web", NULL);
	expect_given_names(g, found + PC_GIVEN_FOUND_NS, &who, "renamed", NULL);
	pc_given_free_all(g);
}

static const char *id_of(unsigned number, char *out)
{
	snprintf(out, 65, "%064x", number);
	return out;
}

/* Containers without number cost no more than the budget: the rest has no name until the next second. */
static void never_more_than_the_budget(void **state)
{
	char id[65], path[512], text[128];
	struct pc_given *g = given_here();
	unsigned named = 0;

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct pc_identity who = given_who(PC_WORD_SYSTEM, id_of(i, id), NULL);

		snprintf(path, sizeof(path), "var/lib/docker/containers/%s/config.v2.json", id);
		snprintf(text, sizeof(text), "{\"ID\":\"%s\",\"Name\":\"/web\"}", id);
		given_put(path, text);
		put_padded(path, text, PC_GIVEN_FILE_MAX);
		pc_given_fill(g, START, &who);
		named += who.given.container != NULL;
		pc_given_free(&who.given);
	}
	assert_int_equal(named, PC_GIVEN_BYTES_PER_SECOND / PC_GIVEN_FILE_MAX);
	assert_int_equal(pc_given_skipped(g), 4 - named);
	for (unsigned i = 0; i < 2; i++) {
		struct pc_identity who = given_who(PC_WORD_SYSTEM, id_of(2 + i, id), NULL);

		expect_given_names(g, START + PC_NS_PER_SECOND, &who, "web", NULL);
	}
	pc_given_free_all(g);
}

/* The cache has room for so many; the one that was asked for longest ago gives way. */
static void the_oldest_gives_way(void **state)
{
	const struct pc_identity who = given_who(PC_WORD_SYSTEM, ID, NULL);
	struct pc_given *g = given_here();
	char id[65];

	(void)state;
	given_put(DOCKER, docker_text);
	expect_given_names(g, START, &who, "web", NULL);
	folder_put(DOCKER, "{\"ID\":\"" ID "\",\"Name\":\"/renamed\"}");
	for (unsigned i = 0; i < PC_GIVEN_KEPT; i++) {
		const struct pc_identity other = given_who(PC_WORD_SYSTEM, id_of(i, id), NULL);

		expect_given_names(g, START + 1 + i, &other, NULL, NULL);
		if (i + 2 == PC_GIVEN_KEPT)
			expect_given_names(g, START, &who, "web", NULL);
	}
	expect_given_names(g, START + PC_NS_PER_SECOND, &who, "renamed", NULL);
	pc_given_free_all(g);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_enter, folder_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(docker_by_its_file),	 IN_FOLDER(docker_at_its_place),
		IN_FOLDER(podman_and_crio),	 IN_FOLDER(containerd_and_the_kubelet),
		IN_FOLDER(not_to_be_believed),	 IN_FOLDER(too_large),
		IN_FOLDER(kept_for_a_while),	 IN_FOLDER(never_more_than_the_budget),
		IN_FOLDER(the_oldest_gives_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
