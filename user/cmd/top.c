// SPDX-License-Identifier: GPL-2.0-only
/* `portclash top`: a session of watching like that of trace, on a live screen. */
#include "cmd/top.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "host/clock.h"
#include "term/term.h"

/* The screen is drawn at once after a key, and else not more often than this. */
#define DRAW_NS (250 * PC_NS_PER_MS)

/* Keys that are taken at a time: a paste must not keep the rings from being read. */
#define KEYS_AT_ONCE 64

static bool top_ends(int number)
{
	return number == SIGINT || number == SIGTERM || number == SIGHUP || number == SIGQUIT;
}

static void top_watch_fd(struct pc_top_session *s, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	if (fd >= 0)
		epoll_ctl(s->events, EPOLL_CTL_ADD, fd, &event);
}

static void top_act(struct pc_top_session *s, int err)
{
	if (!err)
		return;
	s->view.mode = PC_TOP_LIST;
	snprintf(s->view.message, sizeof(s->view.message), "%s",
		 err == -EBUSY ? "The command before has not ended yet: try again." :
				 "The command could not be started.");
}

static void top_wish(struct pc_top_session *s, enum pc_top_wish wish)
{
	switch (wish) {
	case PC_WISH_QUIT:
		s->over = true;
		break;
	case PC_WISH_LOOK:
		pc_looker_ask(&s->looker, s->model->clock.now_ns, true);
		break;
	case PC_WISH_REDRAW:
		s->redraw = true;
		break;
	case PC_WISH_START:
		top_act(s, pc_acting_start(&s->acting, &s->view));
		top_watch_fd(s, s->acting.output);
		break;
	case PC_WISH_CONFIRM:
		top_act(s, pc_acting_confirm(&s->acting, &s->view));
		top_watch_fd(s, s->acting.output);
		break;
	case PC_WISH_CANCEL:
		pc_acting_cancel(&s->acting);
		break;
	default:
		break;
	}
}

static void top_keys(struct pc_top_session *s)
{
	bool resized;
	uint32_t key;

	for (int i = 0; i < KEYS_AT_ONCE && !s->over; i++) {
		key = pc_term_key(&resized);
		if (!key)
			break;
		s->dirty = true;
		if (!resized)
			top_wish(s, pc_top_view_key(&s->view, s->model, key));
	}
}

/* Sentences on standard error stand among the events, not across the screen. */
static void top_errors(struct pc_top_session *s)
{
	char text[1024], *line = text;
	ssize_t len = read(s->errors[0], text, sizeof(text) - 1);

	if (len <= 0)
		return;
	text[len] = '\0';
	for (char *word; (word = strsep(&line, "\n"));)
		if (*word)
			pc_top_note(s->model, word, strlen(word));
}

static void top_look(struct pc_top_session *s)
{
	if (!pc_looker_take(&s->looker, s->model->clock.now_ns, &s->model->look))
		return;
	if (s->model->look.error == -ECHILD) {
		static const char sentence[] =
			"the process that looks at ranges and listeners has ended: what is shown of them grows old";

		epoll_ctl(s->events, EPOLL_CTL_DEL, s->looker.answer, NULL);
		pc_top_note(s->model, sentence, sizeof(sentence) - 1);
	}
	s->dirty = true;
}

/* The terminal went away: no signal comes where top leads no session. */
static bool top_hung_up(uint32_t events)
{
	return events & (EPOLLHUP | EPOLLERR);
}

static void top_ready_fds(struct pc_top_session *s)
{
	struct epoll_event ready[8];
	int count = epoll_wait(s->events, ready, 8, 0);

	for (int i = 0; i < count; i++) {
		int fd = ready[i].data.fd;

		if (fd == STDIN_FILENO && top_hung_up(ready[i].events))
			s->over = true;
		else if (fd == s->looker.answer)
			top_look(s);
		else if (fd == s->errors[0])
			top_errors(s);
	}
	if (pc_acting_take(&s->acting, &s->view))
		s->dirty = true;
	/* Always: a new size of the terminal comes as a key that nothing announces. */
	if (!s->over)
		top_keys(s);
}

/* Another size: the cells follow it. */
static int top_fit(struct pc_top_session *s)
{
	int rows, columns;

	pc_term_size(&rows, &columns);
	if (rows == s->cells.rows && columns == s->cells.columns)
		return 0;
	s->redraw = true;
	return pc_cells_resize(&s->cells, rows, columns);
}

static void top_draw(struct pc_top_session *s)
{
	uint64_t now = s->model->clock.now_ns;
	bool second = now / PC_NS_PER_SECOND != s->drawn_ns / PC_NS_PER_SECOND;
	bool news = s->model->events.came != s->drawn_events && now - s->drawn_ns >= DRAW_NS;

	if ((!s->dirty && !second && !news) || top_fit(s))
		return;
	pc_top_view_draw(&s->view, s->model, &s->cells);
	pc_term_show(&s->cells, s->redraw);
	s->redraw = s->dirty = false;
	s->drawn_ns = now;
	s->drawn_events = s->model->events.came;
}

static void top_loop(struct pc_top_session *s, struct pc_watch *w)
{
	struct pc_clock clock;

	while (!s->over) {
		int number = pc_wait(w, s->signals, s->events, 0);

		if (number < 0 || top_ends(number))
			break;
		pc_clock_now(&clock);
		pc_top_tick(s->model, &clock);
		pc_watch_run(w);
		pc_top_count(s->model, pc_watch_counters(w));
		top_ready_fds(s);
		pc_looker_ask(&s->looker, clock.now_ns, false);
		top_draw(s);
	}
}

static int top_open(struct pc_top_session *s)
{
	s->events = epoll_create1(EPOLL_CLOEXEC);
	if (s->events < 0 || pipe2(s->errors, O_CLOEXEC | O_NONBLOCK))
		return -errno;
	if (pc_top_view_init(&s->view))
		return -ENOMEM;
	top_watch_fd(s, STDIN_FILENO);
	top_watch_fd(s, s->looker.answer);
	top_watch_fd(s, s->errors[0]);
	return 0;
}

/* From here to top_leave() nothing may write to the terminal but the screen. */
static int top_enter(struct pc_top_session *s)
{
	int err = pc_term_open(s->color);

	if (err)
		return err;
	s->cells.utf8 = pc_term_utf8();
	s->stderr_before = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	dup2(s->errors[1], STDERR_FILENO);
	s->model->started_ns = pc_boot_ns();
	s->dirty = true;
	return 0;
}

static void top_leave(struct pc_top_session *s)
{
	pc_term_close();
	if (s->stderr_before >= 0)
		dup2(s->stderr_before, STDERR_FILENO);
}

static int top_watch(struct pc_top_session *s)
{
	char sentence[PC_SENTENCE] = "";
	struct pc_watch *w = NULL;
	int status = PC_EXIT_FAILED, err = pc_watch_open(&s->watch, &w, sentence);

	if (err) {
		fprintf(stderr, "portclash: %s\n", sentence);
		return status;
	}
	err = top_open(s);
	if (!err)
		err = top_enter(s);
	if (err) {
		fprintf(stderr, "portclash: the screen cannot be opened: %s\n", strerror(-err));
	} else {
		top_loop(s, w);
		top_leave(s);
		status = PC_EXIT_OK;
	}
	pc_watch_close(w);
	return status;
}

static int top_run(struct pc_top_session *s)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCHLD, 0 };
	char sentence[PC_TERM_SENTENCE];
	struct pc_clock clock = pc_clock_read();
	int err = pc_term_check(sentence), status;

	if (err) {
		fprintf(stderr, "portclash: %s\n", sentence);
		return PC_EXIT_FAILED;
	}
	s->model = pc_top_new(&clock);
	err = s->model ? pc_looker_start(&s->looker, s->every_ns) : -ENOMEM;
	if (err) {
		fprintf(stderr, "portclash: top cannot be started: %s\n", strerror(-err));
		return PC_EXIT_FAILED;
	}
	s->signals = pc_signals_open(numbers, &s->mask);
	s->acting.mask = &s->mask;
	s->watch.outlets[0] = (struct pc_outlet){ &pc_sink_top, s->model };
	s->watch.outlets_count = 1;
	status = top_watch(s);
	pc_acting_cancel(&s->acting);
	pc_looker_stop(&s->looker);
	close(s->signals);
	return status;
}

int pc_cmd_top(int argc, char **argv)
{
	struct pc_top_session *s = calloc(1, sizeof(*s));
	int status = PC_EXIT_FAILED;

	if (!s)
		return status;
	*s = (struct pc_top_session){
		.watch = { .monitor = { .backend = "auto", .with_endpoints = true },
			   .given_names = true,
			   .with_claims = true,
			   .machine_pids_only = true },
		.acting = PC_ACTING_INIT,
		.errors = { -1, -1 },
		.events = -1,
		.stderr_before = -1,
		.looker = { .ask = -1, .answer = -1 },
	};
	pc_top_parse(s, argc, argv);
	if (!pc_filter_resolve(&s->watch.filter.whose, true, "portclash: "))
		status = top_run(s);
	pc_top_view_free(&s->view);
	pc_cells_free(&s->cells);
	pc_top_free(s->model);
	pc_settings_free(&s->settings);
	free(s);
	return status;
}
