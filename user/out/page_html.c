// SPDX-License-Identifier: GPL-2.0-only
/* One page that needs nothing else: no script, no picture, no network; light and dark, on screen and on
 * paper. */
#include "out/page.h"

/* A browser that keeps to this loads nothing and runs nothing, whatever stands in the page. */
#define POLICY "default-src 'none'; style-src 'unsafe-inline'"

static const char style[] =
	":root{color-scheme:light dark;--fg:#1b1b1b;--bg:#fff;--soft:#666;--line:#ccc;--bar:#4a7fb5;--hit:#c0392b}\n"
	"@media(prefers-color-scheme:dark){:root{--fg:#e6e6e6;--bg:#161616;--soft:#9a9a9a;--line:#444;--bar:#6aa0d8;--hit:#ff7b6b}}\n"
	"body{font:15px/1.45 system-ui,sans-serif;color:var(--fg);background:var(--bg);max-width:70rem;margin:1.5rem auto;padding:0 1rem}\n"
	"h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem;border-bottom:1px solid var(--line)}\n"
	"table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.25rem .6rem .25rem 0;border-bottom:1px solid var(--line);overflow-wrap:anywhere;min-width:5.5rem}\n"
	"th{color:var(--soft);font-weight:normal}th:first-child{min-width:4rem}td:first-child{font-variant-numeric:tabular-nums}\n"
	"pre{white-space:pre-wrap;overflow-wrap:anywhere;border-left:3px solid var(--bar);padding-left:.6rem;margin:.4rem 0}\n"
	"p,li,summary{overflow-wrap:anywhere}details{margin:.3rem 0;padding-left:.4rem;content-visibility:auto}summary{cursor:pointer}\n"
	"svg{width:100%;height:auto;display:block;margin:.5rem 0}svg text{fill:var(--fg);font:11px system-ui,sans-serif}svg .soft{fill:var(--soft)}\n"
	"svg .bar{fill:var(--bar)}svg .hit{fill:var(--hit)}svg .axis{stroke:var(--line)}svg .start{stroke:var(--soft);stroke-dasharray:2 2}\n"
	"@media print{:root{--fg:#000;--bg:#fff;--soft:#444;--line:#999;--bar:#4a7fb5;--hit:#c0392b}body{max-width:none;margin:0}details{break-inside:avoid}}\n";

void pc_put_html(FILE *out, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		case '\'':
			fputs("&#39;", out);
			break;
		default:
			fputc(*text, out);
		}
	}
}

static void html_element(FILE *out, const char *name, const char *text)
{
	fprintf(out, "<%s>", name);
	pc_put_html(out, text);
	fprintf(out, "</%s>\n", name);
}

static void html_begin(FILE *out, const char *title)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n", out);
	fputs("<meta http-equiv=\"Content-Security-Policy\" content=\"" POLICY "\">\n", out);
	fputs("<meta name=\"viewport\" content=\"width=device-width\">\n", out);
	html_element(out, "title", title);
	fprintf(out, "<style>\n%s</style>\n</head>\n<body>\n", style);
	html_element(out, "h1", title);
}

static void html_heading(FILE *out, const char *text)
{
	html_element(out, "h2", text);
}

static void html_paragraph(FILE *out, const char *text)
{
	html_element(out, "p", text);
}

static void html_item(FILE *out, const char *text)
{
	html_element(out, "li", text);
}

static void html_list(FILE *out, int begin)
{
	fputs(begin ? "<ul>\n" : "</ul>\n", out);
}

static void html_code(FILE *out, const char *text)
{
	html_element(out, "pre", text);
}

static void html_table(FILE *out, const char *const *heads, size_t columns)
{
	fputs("<table>\n<thead><tr>", out);
	for (size_t i = 0; i < columns; i++)
		html_element(out, "th", heads[i]);
	fputs("</tr></thead>\n<tbody>\n", out);
}

static void html_row(FILE *out, const char *const *cells, size_t columns)
{
	fputs("<tr>", out);
	for (size_t i = 0; i < columns; i++)
		html_element(out, "td", cells[i]);
	fputs("</tr>\n", out);
}

static void html_table_end(FILE *out)
{
	fputs("</tbody>\n</table>\n", out);
}

static void html_fold(FILE *out, const char *title)
{
	fputs("<details>\n", out);
	html_element(out, "summary", title);
}

static void html_fold_end(FILE *out)
{
	fputs("</details>\n", out);
}

static void html_end(FILE *out)
{
	fputs("</body>\n</html>\n", out);
}

const struct pc_page pc_page_html = {
	.begin = html_begin,
	.heading = html_heading,
	.paragraph = html_paragraph,
	.item = html_item,
	.list = html_list,
	.code = html_code,
	.table = html_table,
	.row = html_row,
	.table_end = html_table_end,
	.fold = html_fold,
	.fold_end = html_fold_end,
	.end = html_end,
	.pictures = 1,
};
