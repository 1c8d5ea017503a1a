/* SPDX-License-Identifier: GPL-2.0-only */
/* The families of the Prometheus textfile: name, type and help, in the order in which they are
 * written. docs/metrics.md says the same; tests/prometheus compares it with a real file. */
#ifndef PORTCLASH_FAMILIES_H
#define PORTCLASH_FAMILIES_H

enum pc_family {
	PC_FAMILY_INVALID = 0,
	PC_FAMILY_BUILD_INFO,
	PC_FAMILY_UP,
	PC_FAMILY_START_TIME,
	PC_FAMILY_LAST_UPDATE,
	PC_FAMILY_INTERVAL,
	PC_FAMILY_CONFIG_ERRORS,
	PC_FAMILY_CONFIG_SUCCESSFUL,
	PC_FAMILY_CONFIG_SUCCESS_TIME,
	PC_FAMILY_REFUSALS,
	PC_FAMILY_REFUSED_PORTS,
	PC_FAMILY_REFUSED_PORTS_FOLDED,
	PC_FAMILY_CLAIMS,
	PC_FAMILY_PROTECTED_CLAIMS,
	PC_FAMILY_RECORDS_LOST,
	PC_FAMILY_CLAIMS_WITHOUT_COOKIE,
	PC_FAMILY_STATES_MISSED,
	PC_FAMILY_SINK_ERRORS,
	PC_FAMILY_LEDGER_CLAIMS,
	PC_FAMILY_LEDGER_SWEEPS,
	PC_FAMILY_LEDGER_FORGOTTEN,
	PC_FAMILY_LEDGER_REFUSED,
	PC_FAMILY_RANGE_LOW,
	PC_FAMILY_RANGE_HIGH,
	PC_FAMILY_RANGE_PORTS,
	PC_FAMILY_RESERVED_PORTS,
	PC_FAMILY_RESERVED_IN_RANGE,
	PC_FAMILY_EXPOSED_LISTENERS,
	PC_FAMILY_PORTS_IN_USE,
	PC_FAMILY_RANGE_IN_USE,
	PC_FAMILY_RANGE_USE_RATIO,
	PC_FAMILY_COUNT,
};

/* All static; the name is without "portclash_". */
struct pc_family_text {
	const char *name;
	const char *type;
	const char *help;
};

const struct pc_family_text *pc_family_text(enum pc_family family);

#endif
