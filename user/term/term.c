// SPDX-License-Identifier: GPL-2.0-only
/* The thin side of top: cells to the terminal, keys from it. */
#include "term/term.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "term/crash.h"
#include "term/terminfo.h"

#define NCURSES_WIDECHAR 1
#include <curses.h>

/* An escape sequence of a key comes within this time; a person's Esc has nothing behind it. */
#define ESCAPE_MS 25

enum { PAIR_REFUSED = 1, PAIR_WARNING, PAIR_COMMAND };

/* ncurses has one screen for the process, and so have these. */
static struct {
	SCREEN *screen;
	bool utf8;
	bool color;
} term;

/* A static binary may lack the locale of the environment; C.UTF-8 is built into it. */
static bool choose_locale(void)
{
	const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
	const char *wanted = NULL;

	for (int i = 0; i < 3 && (!wanted || !*wanted); i++)
		wanted = getenv(names[i]);
	if (!setlocale(LC_CTYPE, "") && wanted &&
	    (strcasestr(wanted, "UTF-8") || strcasestr(wanted, "utf8")))
		setlocale(LC_CTYPE, "C.UTF-8");
	return !strcmp(nl_langinfo(CODESET), "UTF-8");
}

static void choose_colors(bool color)
{
	term.color = color && has_colors() && start_color() == OK;
	if (!term.color)
		return;
	use_default_colors();
	init_pair(PAIR_REFUSED, COLOR_RED, -1);
	init_pair(PAIR_WARNING, COLOR_YELLOW, -1);
	init_pair(PAIR_COMMAND, COLOR_GREEN, -1);
}

int pc_term_check(char *sentence)
{
	if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
		return pc_terminfo_check(sentence);
	snprintf(
		sentence, PC_TERM_SENTENCE, "%s",
		"top needs a terminal at standard input and output; portclash trace writes to pipes and files");
	return -ENOTTY;
}

int pc_term_open(bool color)
{
	term.utf8 = choose_locale();
	pc_crash_remember();
	term.screen = newterm(NULL, stdout, stdin);
	if (!term.screen)
		return -EIO;
	pc_crash_restore_on_signals();
	choose_colors(color);
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(ESCAPE_MS);
	curs_set(0);
	return 0;
}

bool pc_term_utf8(void)
{
	return term.utf8;
}

void pc_term_size(int *rows, int *columns)
{
	getmaxyx(stdscr, *rows, *columns);
}

static attr_t attributes_of(uint8_t style, short *pair)
{
	*pair = 0;
	switch (style) {
	case PC_STYLE_BOLD:
		return A_BOLD;
	case PC_STYLE_DIM:
		return A_DIM;
	case PC_STYLE_BAR:
		return A_REVERSE;
	case PC_STYLE_SELECTED:
		return A_REVERSE | A_BOLD;
	case PC_STYLE_REFUSED:
		*pair = PAIR_REFUSED;
		break;
	case PC_STYLE_WARNING:
		*pair = PAIR_WARNING;
		break;
	case PC_STYLE_COMMAND:
		*pair = PAIR_COMMAND;
		break;
	default:
		return A_NORMAL;
	}
	if (term.color)
		return A_BOLD;
	*pair = 0;
	return style == PC_STYLE_COMMAND ? A_NORMAL : A_BOLD;
}

static void show_cell(const struct pc_cell *cell, int row, int column)
{
	wchar_t text[2 + PC_CELL_MARKS] = { (wchar_t)cell->code };
	attr_t attributes;
	short pair;
	cchar_t out;

	if (!cell->code)
		return;
	attributes = attributes_of(cell->style, &pair);
	for (int i = 0; i < PC_CELL_MARKS && cell->marks[i]; i++)
		text[1 + i] = (wchar_t)cell->marks[i];
	if (setcchar(&out, text, attributes, pair, NULL) == OK)
		mvadd_wch(row, column, &out);
}

void pc_term_show(const struct pc_cells *cells, bool redraw)
{
	erase();
	for (int row = 0; row < cells->rows; row++)
		for (int column = 0; column < cells->columns; column++)
			show_cell(&cells->list[row * cells->columns + column], row, column);
	if (redraw)
		clearok(stdscr, TRUE);
	refresh();
}

static uint32_t function_key(wint_t key)
{
	static const struct {
		wint_t curses;
		enum pc_top_key key;
	} keys[] = {
		{ KEY_UP, PC_KEY_UP },
		{ KEY_DOWN, PC_KEY_DOWN },
		{ KEY_LEFT, PC_KEY_LEFT },
		{ KEY_RIGHT, PC_KEY_RIGHT },
		{ KEY_PPAGE, PC_KEY_PAGE_UP },
		{ KEY_NPAGE, PC_KEY_PAGE_DOWN },
		{ KEY_HOME, PC_KEY_HOME },
		{ KEY_END, PC_KEY_END },
		{ KEY_BTAB, PC_KEY_BACK_TAB },
		{ KEY_ENTER, PC_KEY_ENTER },
		{ KEY_BACKSPACE, PC_KEY_BACKSPACE },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i].curses == key)
			return keys[i].key;
	return PC_KEY_OTHER;
}

static uint32_t character_key(wint_t key)
{
	switch (key) {
	case '\r':
	case '\n':
		return PC_KEY_ENTER;
	case 0x1b:
		return PC_KEY_ESCAPE;
	case '\b':
	case 0x7f:
		return PC_KEY_BACKSPACE;
	case '\f':
		return PC_KEY_REDRAW;
	default:
		return key;
	}
}

uint32_t pc_term_key(bool *resized)
{
	wint_t key;
	int kind = get_wch(&key);

	*resized = kind == KEY_CODE_YES && key == KEY_RESIZE;
	if (kind == ERR)
		return 0;
	return kind == KEY_CODE_YES ? function_key(key) : character_key(key);
}

void pc_term_close(void)
{
	if (!term.screen)
		return;
	pc_crash_forget();
	endwin();
	delscreen(term.screen);
	term.screen = NULL;
}
