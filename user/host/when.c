// SPDX-License-Identifier: GPL-2.0-only
/* Local times, by the C library's time zone. */
#include "host/when.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/time.h"
#include "core/history/instant.h"

#define SECONDS_PER_DAY 86400

static bool when_to_ns(struct tm *tm, uint64_t *ns)
{
	time_t seconds;

	tm->tm_isdst = -1;
	seconds = mktime(tm);
	if (seconds < 0 || (uint64_t)seconds > UINT64_MAX / PC_NS_PER_SECOND)
		return false;
	*ns = (uint64_t)seconds * PC_NS_PER_SECOND;
	return true;
}

/* Midnight, so many days ago. */
static bool midnight(uint64_t now_ns, int days, uint64_t *ns)
{
	time_t now = (time_t)(now_ns / PC_NS_PER_SECOND);
	struct tm tm;

	localtime_r(&now, &tm);
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_mday -= days;
	return when_to_ns(&tm, ns);
}

static bool parse_day_word(const char *text, uint64_t now_ns, uint64_t *ns)
{
	if (!strcmp(text, "now")) {
		*ns = now_ns;
		return true;
	}
	if (!strcmp(text, "today"))
		return midnight(now_ns, 0, ns);
	return !strcmp(text, "yesterday") && midnight(now_ns, 1, ns);
}

static bool parse_ago(const char *text, uint64_t now_ns, uint64_t *ns)
{
	static const char units[] = "smhdw";
	static const unsigned seconds[] = { 1, 60, 3600, SECONDS_PER_DAY, 7 * SECONDS_PER_DAY };
	unsigned long count;
	const char *unit;
	char *end;
	uint64_t ago;

	if (text[0] != '-' || text[1] < '0' || text[1] > '9')
		return false;
	count = strtoul(text + 1, &end, 10);
	unit = *end ? strchr(units, *end) : NULL;
	if (!unit || end[1] || count > UINT32_MAX)
		return false;
	ago = count * seconds[unit - units];
	if (ago > now_ns / PC_NS_PER_SECOND)
		return false;
	*ns = now_ns - ago * PC_NS_PER_SECOND;
	return true;
}

static bool parse_date(const char *text, uint64_t *ns)
{
	static const char *const forms[] = { "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S",
					     "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d" };

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct tm tm = { 0 };
		const char *end = strptime(text, forms[i], &tm);

		if (end && !*end)
			return when_to_ns(&tm, ns);
	}
	return false;
}

static bool parse_time_of_day(const char *text, uint64_t now_ns, uint64_t *ns)
{
	static const char *const forms[] = { "%H:%M:%S", "%H:%M" };
	time_t now = (time_t)(now_ns / PC_NS_PER_SECOND);

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct tm tm;
		const char *end;

		localtime_r(&now, &tm);
		tm.tm_sec = 0;
		end = strptime(text, forms[i], &tm);
		if (!end || *end)
			continue;
		if (!when_to_ns(&tm, ns))
			return false;
		if (*ns <= now_ns)
			return true;
		tm.tm_mday--;
		return when_to_ns(&tm, ns);
	}
	return false;
}

bool pc_when_parse(const char *text, uint64_t now_ns, uint64_t *ns, bool *whole)
{
	uint64_t found;

	if (pc_instant_parse(text, strlen(text), &found))
		*whole = !strchr(text, '.');
	else if (parse_day_word(text, now_ns, &found) || parse_ago(text, now_ns, &found))
		*whole = false;
	else if (parse_date(text, &found) || parse_time_of_day(text, now_ns, &found))
		*whole = true;
	else
		return false;
	*ns = found;
	return true;
}
