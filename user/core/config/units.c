// SPDX-License-Identifier: GPL-2.0-only
/* Numbers with a unit. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/time.h"
#include "core/config/units.h"

#define DIGITS "0123456789"

/* 0: there is no such unit. */
static double unit_ns(const char *unit)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = {
		{ "", PC_NS_PER_SECOND },	  { "ms", PC_NS_PER_MS },
		{ "s", PC_NS_PER_SECOND },	  { "m", 60 * PC_NS_PER_SECOND },
		{ "h", 3600 * PC_NS_PER_SECOND }, { "d", 86400 * PC_NS_PER_SECOND },
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(unit, units[i].name))
			return (double)units[i].ns;
	return 0;
}

/* strtod() alone would take "inf" and "0x1p4" as well. */
bool pc_units_duration(const char *text, double *ns)
{
	size_t len = strspn(text, DIGITS ".");
	double unit;
	char *end;

	while (text[len] == ' ')
		len++;
	unit = unit_ns(text + len);
	*ns = strtod(text, &end) * unit;
	end += strspn(end, " ");
	return unit > 0 && end > text && end == text + len;
}

int pc_units_size(const char *text, uint64_t *bytes)
{
	static const char units[] = "KMG";
	size_t len = strspn(text, DIGITS);
	const char *unit = text + len;
	unsigned shift = 0;
	uint64_t number;

	if (!len)
		return -EINVAL;
	if (*unit) {
		const char *found = strchr(units, *unit);

		if (!found || unit[1])
			return -EINVAL;
		shift = 10 * (unsigned)(found - units + 1);
	}
	errno = 0;
	number = strtoull(text, NULL, 10);
	if (errno || number > UINT64_MAX >> shift)
		return -EINVAL;
	*bytes = number << shift;
	return 0;
}
