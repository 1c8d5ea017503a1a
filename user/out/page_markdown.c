// SPDX-License-Identifier: GPL-2.0-only
/* Markdown (CommonMark with GitHub's tables) for a ticket: a backslash before every ASCII punctuation that
 * could mean something. */
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "out/page.h"

/* A number and a full stop, or a rule, at the beginning of a line would be more than text. */
static void put_lead(FILE *out, const char **text)
{
	size_t digits = strspn(*text, "0123456789");

	if (**text == '-' || **text == '=') {
		fputc('\\', out);
	} else if (digits && (*text)[digits] == '.') {
		fprintf(out, "%.*s\\", (int)digits, *text);
		*text += digits;
	}
}

/* Browsers of tickets make links of "https://" and "www." by themselves. */
static bool begins_link(const char *text, const char *at)
{
	return (at[0] == ':' && at[1] == '/') ||
	       (at[0] == '.' && at - text >= 3 && !strncasecmp(at - 3, "www", 3));
}

/* No link, no mark-up, no HTML and no mention is left. */
static void put_markdown(FILE *out, const char *text)
{
	static const char marks[] = "\\`*_{}[]<>()#+!|~@&$\"'";

	for (const char *at = text; *at; at++) {
		if (strchr(marks, *at) || begins_link(text, at))
			fputc('\\', out);
		fputc(*at == '\n' ? ' ' : *at, out);
	}
}

static void put_markdown_line(FILE *out, const char *text)
{
	put_lead(out, &text);
	put_markdown(out, text);
}

static void markdown_begin(FILE *out, const char *title)
{
	fputs("# ", out);
	put_markdown(out, title);
	fputs("\n\n", out);
}

static void markdown_heading(FILE *out, const char *text)
{
	fputs("## ", out);
	put_markdown(out, text);
	fputs("\n\n", out);
}

static void markdown_paragraph(FILE *out, const char *text)
{
	put_markdown_line(out, text);
	fputs("\n\n", out);
}

static void markdown_item(FILE *out, const char *text)
{
	fputs("* ", out);
	put_markdown_line(out, text);
	fputc('\n', out);
}

static void markdown_list(FILE *out, int begin)
{
	if (!begin)
		fputc('\n', out);
}

/* A fence longer than any run of backticks in the text. */
static void markdown_code(FILE *out, const char *text)
{
	size_t run = 0, longest = 2;

	for (const char *at = text; *at; at++) {
		run = *at == '`' ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	for (int side = 0; side < 2; side++) {
		for (size_t i = 0; i <= longest; i++)
			fputc('`', out);
		if (!side)
			fprintf(out, "\n%s", text);
		fputc('\n', out);
	}
	fputc('\n', out);
}

static void markdown_row(FILE *out, const char *const *cells, size_t columns)
{
	for (size_t i = 0; i < columns; i++) {
		fputs("| ", out);
		put_markdown(out, cells[i]);
		fputc(' ', out);
	}
	fputs("|\n", out);
}

static void markdown_table(FILE *out, const char *const *heads, size_t columns)
{
	markdown_row(out, heads, columns);
	for (size_t i = 0; i < columns; i++)
		fputs("| --- ", out);
	fputs("|\n", out);
}

static void markdown_newline(FILE *out)
{
	fputc('\n', out);
}

/* GitHub and GitLab take these elements; elsewhere the text stands open. */
static void markdown_fold(FILE *out, const char *title)
{
	fputs("<details><summary>", out);
	pc_put_html(out, title);
	fputs("</summary>\n\n", out);
}

static void markdown_fold_end(FILE *out)
{
	fputs("</details>\n\n", out);
}

static void markdown_end(FILE *out)
{
	(void)out;
}

const struct pc_page pc_page_markdown = {
	.begin = markdown_begin,
	.heading = markdown_heading,
	.paragraph = markdown_paragraph,
	.item = markdown_item,
	.list = markdown_list,
	.code = markdown_code,
	.table = markdown_table,
	.row = markdown_row,
	.table_end = markdown_newline,
	.fold = markdown_fold,
	.fold_end = markdown_fold_end,
	.end = markdown_end,
};
