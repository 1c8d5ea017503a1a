// SPDX-License-Identifier: GPL-2.0-only
/* `portclash features` against what really happens with each back end. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "judge/expect.h"
#include "monitor/monitor.h"
#include "run/cases.h"

/* Returns what a `trace` with this back end says: its ready line, or NULL and the sentence. */
static json_t *watch_with(struct test *t, const char *backend, char **sentence)
{
	const char *argv[] = { "trace", "--json", "--for", "0.01", "--backend", backend, NULL };
	struct settings any = *t->settings, *before = (struct settings *)t->settings;
	struct monitor *m;
	json_t *ready;

	any.backend = NULL; /* this one, not the one that the runner was told to take */
	t->settings = &any;
	m = t->monitor = monitor_spawn(t, &(struct monitor_spec){ .argv = argv });
	t->settings = before;
	monitor_stop(t, m, 0, 30);
	ready = monitor_line(t, "ready", 0, 0);
	*sentence = monitor_text(m->err);
	t->monitor = NULL;
	return ready;
}

static const char *feature_text(json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static void check_backend_features(struct test *t, json_t *backend)
{
	const char *name = feature_text(backend, "name");
	char *sentence;
	json_t *ready = watch_with(t, name, &sentence);

	if (json_is_true(json_object_get(backend, "available"))) {
		if (!ready)
			test_fail(t, "expected that %s works, got \"%s\"", name, sentence);
		else if (strcmp(feature_text(ready, "cannot_see"),
				feature_text(backend, "cannot_see")))
			test_fail(t, "expected \"%s\", got \"%s\" as what %s cannot see",
				  feature_text(ready, "cannot_see"),
				  feature_text(backend, "cannot_see"), name);
		if (strcmp(feature_text(backend, "found_by"),
			   strcmp(name, "tracepoint") ? "conflict-check" : "port-table"))
			test_fail(t, "expected another found_by of %s than \"%s\"", name,
				  feature_text(backend, "found_by"));
	} else if (ready || !strstr(sentence, feature_text(backend, "reason"))) {
		test_fail(t, "expected that %s is refused with \"%s\", got \"%s\"", name,
			  feature_text(backend, "reason"), sentence);
	}
	free(sentence);
}

static void scenario_features(struct test *t)
{
	static const char *const argv[] = { "features", "--json", NULL };
	struct monitor *m = t->monitor = monitor_spawn(t, &(struct monitor_spec){ .argv = argv });
	int status = monitor_stop(t, m, 0, 60);
	json_t *line = monitor_line(t, "features", 0, 0), *backend, *ready;
	struct spot s = spot_of(t, line);
	struct utsname name;
	char *sentence;
	size_t i;

	t->monitor = NULL;
	if (!line || status)
		test_abort(t, "expected a line and exit status 0, got %d and \"%s\"", status,
			   monitor_text(m->err));
	uname(&name);
	expect_string(&s, "kernel", name.release);
	expect_bool(&s, "btf", true);
	expect_bool(&s, "ring_buffers", true);
	json_array_foreach(json_object_get(line, "backends"), i, backend)
		check_backend_features(t, backend);
	if (i != 3)
		test_fail(t, "expected 3 back ends, got %zu", i);
	ready = watch_with(t, "auto", &sentence);
	if (!ready || strcmp(feature_text(ready, "backend"), feature_text(line, "default")))
		test_fail(t, "expected \"%s\" as the default", feature_text(ready, "backend"));
	free(sentence);
}

static void scenario_features_as_nobody(struct test *t)
{
	static const char *const argv[] = { "features", NULL };
	struct monitor *m = monitor_spawn(t, &(struct monitor_spec){ .argv = argv, .uid = 65534 });
	int status = monitor_stop(t, m, 0, 60);
	char *said = monitor_text(m->out);

	if (status != 1)
		test_fail(t, "expected 1, got %d as exit status", status);
	if (!said || !strstr(said, "run portclash with sudo"))
		test_fail(t, "expected what to do, got \"%s\"", said);
	free(said);
}

const struct scenario cases_session_features[] = {
	{ .name = "features", .run = scenario_features, .watch = WATCH_OWN, .where = EACH_KERNEL },
	{ .name = "features-as-nobody",
	  .run = scenario_features_as_nobody,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ 0 },
};
