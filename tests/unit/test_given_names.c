// SPDX-License-Identifier: GPL-2.0-only
/* The names of containers and pods in the text of runtimes' files and the kubelet's folders, and in text that is
 * damaged or meant to deceive. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/process/given_names.h"
#include "core/recording/recorded.h"

#define ID "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define OTHER "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define UID "1b4e28ba-2fa1-11d2-883f-0016d3cca427"

#define CONTAINER(id, names) "{\"id\":\"" id "\",\"names\":" names ",\"metadata\":\"{}\"}"
#define ANNOTATED(annotations) "{\"annotations\":{" annotations "}}"
#define CRI "\"io.kubernetes.cri."

static void expect_text(const char *got, const char *want)
{
	if (want)
		assert_string_equal(got ? got : "(none)", want);
	else
		assert_null(got);
}

static void expect_given(struct pc_given_names *got, const char *container, const char *pod,
			 const char *pod_namespace)
{
	expect_text(got->container, container);
	expect_text(got->pod, pod);
	expect_text(got->pod_namespace, pod_namespace);
	pc_given_free(got);
}

static void expect_docker(const char *name, const char *container, const char *pod,
			  const char *pod_namespace)
{
	struct pc_given_names names = { 0 };
	char text[1024];

	snprintf(text, sizeof(text), "{\"ID\":\"" ID "\",\"Config\":{\"Name\":\"/x\"},\"Name\":%s}",
		 name);
	assert_int_equal(pc_given_from_docker(text, strlen(text), ID, &names), 0);
	expect_given(&names, container, pod, pod_namespace);
	assert_int_equal(pc_given_from_docker(text, strlen(text), OTHER, &names), -EBADMSG);
	expect_given(&names, NULL, NULL, NULL);
}

static void docker(void **state)
{
	char longest[300], name[310];

	(void)state;
	expect_docker("\"/web\"", "web", NULL, NULL);
	expect_docker("\"/shop_web-1.a\"", "shop_web-1.a", NULL, NULL);
	expect_docker("\"/k8s_web_shop-7d9_prod_" UID "_0\"", "web", "shop-7d9", "prod");
	expect_docker("\"/k8s_web\"", "k8s_web", NULL, NULL);
	expect_docker("\"/k8s_a_b__d_e\"", "k8s_a_b__d_e", NULL, NULL);
	/* None of these is a name that Docker gives. */
	expect_docker("\"\"", NULL, NULL, NULL);
	expect_docker("\"/\"", NULL, NULL, NULL);
	expect_docker("\"/a/b\"", NULL, NULL, NULL);
	expect_docker("\"/-x\"", NULL, NULL, NULL);
	expect_docker("\"/a b\"", NULL, NULL, NULL);
	expect_docker("\"/a;reboot\"", NULL, NULL, NULL);
	expect_docker("\"/a\\u001b[2J\"", NULL, NULL, NULL);
	expect_docker("\"/\\u00e4\"", NULL, NULL, NULL);
	expect_docker("7", NULL, NULL, NULL);
	expect_docker("null", NULL, NULL, NULL);
	memset(longest, 'a', sizeof(longest));
	longest[0] = '/';
	longest[256] = '\0';
	snprintf(name, sizeof(name), "\"%s\"", longest);
	expect_docker(name, longest + 1, NULL, NULL);
	longest[256] = 'a';
	longest[257] = '\0';
	snprintf(name, sizeof(name), "\"%s\"", longest);
	expect_docker(name, NULL, NULL, NULL);
}

static void docker_data_root(void **state)
{
	static const char moved[] = "{\"data-root\":\"/data/docker\",\"log-driver\":\"journald\"}";
	static const char *const none[] = { "{}", "{\"data-root\":7}", "{\"data-root\":\"data\"}" };
	char *root = NULL;

	(void)state;
	assert_int_equal(pc_given_docker_root(moved, strlen(moved), &root), 0);
	assert_string_equal(root, "/data/docker");
	free(root);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(pc_given_docker_root(none[i], strlen(none[i]), &root), 0);
		assert_null(root);
	}
	assert_int_equal(pc_given_docker_root("[", 1, &root), -EBADMSG);
}

static void storage(void **state)
{
	/* The form is podman 4.3's. */
	static const char list[] =
		"[" CONTAINER(OTHER, "[\"other\"]") "," CONTAINER(ID, "[\"web\",\"second\"]") "]";
	static const char crio[] = "[" CONTAINER(ID, "[\"k8s_POD_shop_prod_" UID "_2\"]") "]";
	static const char nameless[] =
		"[{\"id\":\"" ID "\"}," CONTAINER(ID, "[]") ",{\"names\":[\"a\"]},7,null]";
	struct pc_given_names names = { 0 };

	(void)state;
	assert_int_equal(pc_given_from_storage(list, strlen(list), ID, &names), 0);
	expect_given(&names, "web", NULL, NULL);
	assert_int_equal(pc_given_from_storage(crio, strlen(crio), ID, &names), 0);
	expect_given(&names, "POD", "shop", "prod");
	assert_int_equal(pc_given_from_storage(nameless, strlen(nameless), ID, &names), 0);
	expect_given(&names, NULL, NULL, NULL);
	assert_int_equal(pc_given_from_storage("{}", 2, ID, &names), -EBADMSG);
}

static void bundle(void **state)
{
	static const char cri[] =
		ANNOTATED(CRI "container-name\":\"web\"," CRI "sandbox-name\":\"shop-0\"," CRI
			      "sandbox-namespace\":\"prod\"");
	static const char nerdctl[] = ANNOTATED("\"nerdctl/name\":\"web\"");
	static const char hostile[] = ANNOTATED(CRI "sandbox-name\":\"a\\nb\",\"nerdctl/name\":{}");
	struct pc_given_names names = { 0 };

	(void)state;
	assert_int_equal(pc_given_from_bundle(cri, strlen(cri), &names), 0);
	expect_given(&names, "web", "shop-0", "prod");
	assert_int_equal(pc_given_from_bundle(nerdctl, strlen(nerdctl), &names), 0);
	expect_given(&names, "web", NULL, NULL);
	assert_int_equal(pc_given_from_bundle(hostile, strlen(hostile), &names), 0);
	expect_given(&names, NULL, NULL, NULL);
	assert_int_equal(pc_given_from_bundle("{}", 2, &names), 0);
	assert_int_equal(pc_given_from_bundle("", 0, &names), -EBADMSG);
}

static void cut_off_json(void **state)
{
	static const char list[] = "[{\"id\":\"" ID "\",\"names\":[\"web\"]}]";
	struct pc_given_names names = { 0 };

	(void)state;
	for (size_t len = 0; len < strlen(list); len++) {
		char *exact = memcpy(malloc(len ? len : 1), list, len);

		assert_int_equal(pc_given_from_storage(exact, len, ID, &names), -EBADMSG);
		assert_int_equal(pc_given_from_docker(exact, len, ID, &names), -EBADMSG);
		assert_int_equal(pc_given_from_bundle(exact, len, &names), -EBADMSG);
		free(exact);
	}
	expect_given(&names, NULL, NULL, NULL);
}

static void logs_of_the_kubelet(void **state)
{
	static const char *const others[] = { "",
					      ".",
					      ID ".log",
					      "-" ID ".log",
					      "shop_prod-" ID ".log",
					      "shop_prod_web-" OTHER ".log",
					      "shop_prod_web-" ID,
					      "a_b_c_web-" ID ".log",
					      "__-" ID ".log",
					      "a_b_-" ID ".log" };
	struct pc_given_names names = { 0 };

	(void)state;
	assert_int_equal(pc_given_from_log("shop-0_prod_web-1-" ID ".log", ID, &names), 0);
	expect_given(&names, "web-1", "shop-0", "prod");
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		assert_int_equal(pc_given_from_log(others[i], ID, &names), 0);
		expect_given(&names, NULL, NULL, NULL);
	}
}

static void pods_of_the_kubelet(void **state)
{
	static const char *const others[] = { "",	    "..",
					      "prod_" UID,  "prod_shop_" UID "0",
					      "a_b_c_" UID, "_b_" UID };
	struct pc_given_names names = { 0 };

	(void)state;
	assert_int_equal(pc_given_from_pod("prod_shop-0_" UID, UID, &names), 0);
	expect_given(&names, NULL, "shop-0", "prod");
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		assert_int_equal(pc_given_from_pod(others[i], UID, &names), 0);
		expect_given(&names, NULL, NULL, NULL);
	}
}

static void what_is_there_stays(void **state)
{
	struct pc_identity have = { .given.container = strdup("first") };
	struct pc_given_names more = { .container = strdup("second"), .pod = strdup("shop") };

	(void)state;
	pc_given_add(&more, &have);
	expect_given(&more, NULL, NULL, NULL);
	assert_int_equal(pc_given_copy(&have.given, &more), 0);
	expect_given(&have.given, "first", "shop", NULL);
	expect_given(&more, "first", "shop", NULL);
}

/* The runtime by the file of the name counts only where the control group's name has none. */
static void runtime_of_the_file(void **state)
{
	static const struct {
		enum pc_runtime group, file, want;
	} cases[] = {
		{ PC_RUNTIME_OTHER, PC_RUNTIME_DOCKER, PC_RUNTIME_DOCKER },
		{ PC_RUNTIME_OTHER, PC_RUNTIME_NONE, PC_RUNTIME_OTHER },
		{ PC_RUNTIME_CRI, PC_RUNTIME_DOCKER, PC_RUNTIME_CRI },
		{ PC_RUNTIME_NONE, PC_RUNTIME_DOCKER, PC_RUNTIME_NONE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pc_given_names names = { .runtime = cases[i].file };
		struct pc_identity who = { .runtime = cases[i].group };

		pc_given_add(&names, &who);
		assert_int_equal(who.runtime, cases[i].want);
	}
}

static void recorded_and_played(void **state)
{
	const struct pc_given_names names = { .container = "web",
					      .pod_namespace = "prod",
					      .runtime = PC_RUNTIME_DOCKER };
	struct pc_given_names back = { 0 };
	struct pc_payload p = { 0 };

	(void)state;
	pc_payload_add_given(&p, &names);
	for (size_t size = 0; size <= p.size; size++) {
		void *data = memcpy(malloc(size ? size : 1), p.data, size);
		/* Older recordings have no runtime. */
		bool whole = size == p.size || size == p.size - sizeof(uint32_t);

		assert_int_equal(pc_recorded_given(data, size, &back), whole ? 0 : -EBADMSG);
		assert_true(size == p.size || back.runtime == PC_RUNTIME_NONE);
		if (whole && size < p.size)
			pc_given_free(&back);
		assert_true(size == p.size || !back.container);
		free(data);
	}
	assert_string_equal(back.container, "web");
	assert_null(back.pod);
	assert_string_equal(back.pod_namespace, "prod");
	assert_int_equal(back.runtime, PC_RUNTIME_DOCKER);
	free(back.container);
	free(back.pod_namespace);
	free(p.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(docker),
		cmocka_unit_test(docker_data_root),
		cmocka_unit_test(storage),
		cmocka_unit_test(bundle),
		cmocka_unit_test(cut_off_json),
		cmocka_unit_test(logs_of_the_kubelet),
		cmocka_unit_test(pods_of_the_kubelet),
		cmocka_unit_test(what_is_there_stays),
		cmocka_unit_test(runtime_of_the_file),
		cmocka_unit_test(recorded_and_played),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
