// SPDX-License-Identifier: GPL-2.0-only
/* The proleptic Gregorian calendar, without a clock or a time zone. */
#include "core/history/instant.h"

#include <stdio.h>

#include "core/base/time.h"

#define SECONDS_PER_DAY 86400

/* A year begins in March here, so that the leap day is its last. */
static int64_t days_since_1970(int year, unsigned month, unsigned day)
{
	unsigned months = (month + 9) % 12, year_of_era;
	int64_t era;

	year -= month <= 2;
	era = year / 400;
	year_of_era = (unsigned)(year - era * 400);
	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
	       (153 * months + 2) / 5 + day - 1 - 719468;
}

static bool is_leap(unsigned year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static unsigned days_of_month(unsigned year, unsigned month)
{
	static const unsigned char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[month - 1] + (month == 2 && is_leap(year));
}

/* `count` digits and the character behind them (0: any). */
static bool digits(const char **at, const char *end, int count, char behind, unsigned *out)
{
	unsigned value = 0;

	if (end - *at < count + !!behind)
		return false;
	for (int i = 0; i < count; i++) {
		unsigned digit = (unsigned)((*at)[i] - '0');

		if (digit > 9)
			return false;
		value = value * 10 + digit;
	}
	if (behind && (*at)[count] != behind)
		return false;
	*at += count + !!behind;
	*out = value;
	return true;
}

static bool fraction(const char **at, const char *end, uint64_t *ns)
{
	uint64_t unit = PC_NS_PER_SECOND;
	const char *from;

	*ns = 0;
	if (*at == end || **at != '.')
		return true;
	for (from = ++*at; *at < end && **at >= '0' && **at <= '9'; ++*at) {
		unit /= 10;
		*ns += unit * (uint64_t)(**at - '0');
	}
	return *at > from;
}

static bool offset(const char *at, const char *end, int64_t *seconds)
{
	unsigned hours, minutes;
	bool west;

	*seconds = 0;
	if (end - at == 1 && (*at | 0x20) == 'z')
		return true;
	if (end - at != 6 || (*at != '+' && *at != '-'))
		return false;
	west = *at++ == '-';
	if (!digits(&at, end, 2, ':', &hours) || !digits(&at, end, 2, 0, &minutes) || hours > 23 ||
	    minutes > 59)
		return false;
	*seconds = (west ? -1 : 1) * (int64_t)(hours * 3600 + minutes * 60);
	return true;
}

bool pc_instant_parse(const char *text, size_t len, uint64_t *ns)
{
	const char *at = text, *end = text + len;
	unsigned year, month, day, hour, minute, second;
	int64_t east, seconds;
	uint64_t part;

	if (!digits(&at, end, 4, '-', &year) || !digits(&at, end, 2, '-', &month) ||
	    !digits(&at, end, 2, 0, &day) || at == end || ((*at | 0x20) != 't' && *at != ' '))
		return false;
	at++;
	if (!digits(&at, end, 2, ':', &hour) || !digits(&at, end, 2, ':', &minute) ||
	    !digits(&at, end, 2, 0, &second) || !fraction(&at, end, &part) ||
	    !offset(at, end, &east))
		return false;
	if (year < 1970 || year > 2261 || month < 1 || month > 12 || day < 1 ||
	    day > days_of_month(year, month) || hour > 23 || minute > 59 || second > 60)
		return false;
	seconds = days_since_1970((int)year, month, day) * SECONDS_PER_DAY + hour * 3600 +
		  minute * 60 + second - east;
	if (seconds < 0)
		return false;
	*ns = (uint64_t)seconds * PC_NS_PER_SECOND + part;
	return true;
}

static void date_of(uint64_t days, unsigned *year, unsigned *month, unsigned *day)
{
	uint64_t shifted = days + 719468, era = shifted / 146097;
	unsigned of_era = (unsigned)(shifted % 146097);
	unsigned years = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	unsigned of_year = of_era - (365 * years + years / 4 - years / 100);
	unsigned months = (5 * of_year + 2) / 153;

	*day = of_year - (153 * months + 2) / 5 + 1;
	*month = months < 10 ? months + 3 : months - 9;
	*year = years + (unsigned)era * 400 + (*month <= 2);
}

const char *pc_instant_text(uint64_t ns, char *out)
{
	uint64_t seconds = ns / PC_NS_PER_SECOND;
	unsigned of_day = (unsigned)(seconds % SECONDS_PER_DAY), year, month, day;

	date_of(seconds / SECONDS_PER_DAY, &year, &month, &day);
	snprintf(out, PC_INSTANT_TEXT, "%04u-%02u-%02uT%02u:%02u:%02u.%06uZ", year, month, day,
		 of_day / 3600, of_day / 60 % 60, of_day % 60,
		 (unsigned)(ns % PC_NS_PER_SECOND / 1000));
	return out;
}
