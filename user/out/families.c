// SPDX-License-Identifier: GPL-2.0-only
/* The families of the Prometheus textfile. */
#include "out/families.h"

#define COUNTER "counter"
#define GAUGE "gauge"

static const struct pc_family_text texts[] = {
	[PC_FAMILY_INVALID] = { "invalid", GAUGE, "Never written." },
	[PC_FAMILY_BUILD_INFO] = { "build_info", GAUGE,
				   "Always 1; what is running is in the labels." },
	[PC_FAMILY_UP] = { "up", GAUGE, "1 while the agent watches, 0 after it was stopped." },
	[PC_FAMILY_START_TIME] = { "start_time_seconds", GAUGE,
				   "When the agent started, in Unix time." },
	[PC_FAMILY_LAST_UPDATE] = { "last_update_timestamp_seconds", GAUGE,
				    "When this file was made, in Unix time." },
	[PC_FAMILY_INTERVAL] = { "textfile_interval_seconds", GAUGE,
				 "Time between two of these files." },
	[PC_FAMILY_CAPABILITY_MISSING] = { "capability_missing", GAUGE,
					   "1 where the agent wants a capability that it has not "
					   "got." },
	[PC_FAMILY_CONFINED] = { "confined", GAUGE,
				 "1 when the privileges that only the start needs were given up." },
	[PC_FAMILY_CONFIG_ERRORS] = { "config_errors_total", COUNTER,
				      "Mistakes found in the configuration when it was read "
				      "again." },
	[PC_FAMILY_CONFIG_SUCCESSFUL] = { "config_last_reload_successful", GAUGE,
					  "1 when the configuration was taken the last time it was "
					  "read, else 0." },
	[PC_FAMILY_CONFIG_SUCCESS_TIME] = { "config_last_reload_success_timestamp_seconds", GAUGE,
					    "When the configuration in use was read, in Unix "
					    "time." },
	[PC_FAMILY_REFUSALS] = { "refusals_total", COUNTER,
				 "Calls refused for a port reason, by what stood in the way." },
	[PC_FAMILY_REFUSED_PORTS] = { "refused_ports_total", COUNTER,
				      "Refusals by the port asked for; ports beyond the first 64 "
				      "are other." },
	[PC_FAMILY_REFUSED_PORTS_FOLDED] = { "refused_ports_folded_total", COUNTER,
					     "Refusals counted under the port label other." },
	[PC_FAMILY_CLAIMS] = { "claims_total", COUNTER, "Local ports obtained by a socket." },
	[PC_FAMILY_PROTECTED_CLAIMS] = { "protected_claims_total", COUNTER,
					 "Ports to be kept free (--protect) that the kernel gave "
					 "to a client." },
	[PC_FAMILY_RECORDS_LOST] = { "records_lost_total", COUNTER,
				     "Records that did not arrive whole, so that evidence may be "
				     "missing." },
	[PC_FAMILY_CLAIMS_WITHOUT_COOKIE] = { "claims_without_cookie_total", COUNTER,
					      "Claims by a socket without a cookie, which cannot "
					      "be joined to a holder." },
	[PC_FAMILY_STATES_MISSED] = { "state_changes_missed_total", COUNTER,
				      "TCP state changes that the kernel did not show; few of "
				      "them are a claim." },
	[PC_FAMILY_REPEATS] = { "repeats_total", COUNTER,
				"Refusals that were counted in a summary, not written one by "
				"one." },
	[PC_FAMILY_SINK_ERRORS] = { "sink_errors_total", COUNTER,
				    "Log lines and files that could not be written." },
	[PC_FAMILY_LEDGER_CLAIMS] = { "ledger_claims", GAUGE,
				      "Claims of living sockets in the ledger." },
	[PC_FAMILY_LEDGER_SWEEPS] = { "ledger_sweeps_total", COUNTER,
				      "Passes that forget the claims of closed sockets." },
	[PC_FAMILY_LEDGER_SWEEPS_FAILED] = { "ledger_sweeps_failed_total", COUNTER,
					     "Such passes that failed: nothing was forgotten." },
	[PC_FAMILY_LEDGER_FORGOTTEN] = { "ledger_forgotten_total", COUNTER,
					 "Claims forgotten because their socket is closed." },
	[PC_FAMILY_LEDGER_REFUSED] = { "ledger_refused_total", COUNTER,
				       "Claims not kept because the ledger was full." },
	[PC_FAMILY_CPU] = { "process_cpu_seconds_total", COUNTER,
			    "CPU time of the agent's own process, user and system." },
	[PC_FAMILY_RESIDENT] = { "process_resident_memory_bytes", GAUGE,
				 "Resident memory of the agent, in which the rings count twice." },
	[PC_FAMILY_MAP_MEMORY] = { "bpf_map_memory_bytes", GAUGE,
				   "Kernel memory of the BPF maps, rings included." },
	[PC_FAMILY_RING_SIZE] = { "ring_size_bytes", GAUGE,
				  "Room in a ring, by which records come from the kernel." },
	[PC_FAMILY_RING_PEAK] = { "ring_peak_bytes", GAUGE,
				  "The most that waited in a ring when it was read, since the "
				  "start." },
	[PC_FAMILY_BPF_STATS] = { "bpf_stats_enabled", GAUGE,
				  "1 while kernel.bpf_stats_enabled has the kernel count runs and "
				  "time of programs." },
	[PC_FAMILY_PROGRAM_RUNS] = { "bpf_program_runs_total", COUNTER,
				     "Runs of a BPF program, while the kernel counted them." },
	[PC_FAMILY_PROGRAM_TIME] = { "bpf_program_seconds_total", COUNTER,
				     "Time spent in a BPF program, while the kernel counted it." },
	[PC_FAMILY_RANGE_LOW] = { "ephemeral_range_low", GAUGE,
				  "First port of net.ipv4.ip_local_port_range." },
	[PC_FAMILY_RANGE_HIGH] = { "ephemeral_range_high", GAUGE,
				   "Last port of net.ipv4.ip_local_port_range." },
	[PC_FAMILY_RANGE_PORTS] = { "ephemeral_ports", GAUGE,
				    "Ports in net.ipv4.ip_local_port_range." },
	[PC_FAMILY_RESERVED_PORTS] = { "reserved_ports", GAUGE,
				       "Ports in net.ipv4.ip_local_reserved_ports." },
	[PC_FAMILY_RESERVED_IN_RANGE] = { "reserved_ephemeral_ports", GAUGE,
					  "Reserved ports that lie in the ephemeral range." },
	[PC_FAMILY_EXPOSED_LISTENERS] = { "exposed_listeners", GAUGE,
					  "Listeners on a port by number that the kernel may also "
					  "give to a client." },
	[PC_FAMILY_PORTS_IN_USE] = { "ports_in_use", GAUGE, "Local ports that a socket holds." },
	[PC_FAMILY_RANGE_IN_USE] = { "ephemeral_ports_in_use", GAUGE,
				     "Local ports in the ephemeral range that a socket holds." },
	[PC_FAMILY_RANGE_USE_RATIO] = { "ephemeral_range_use_ratio", GAUGE,
					"Share of the ports the kernel chooses from (in the range, "
					"not reserved) that a socket holds." },
};

_Static_assert(sizeof(texts) / sizeof(texts[0]) == PC_FAMILY_COUNT, "each family has a text");

const struct pc_family_text *pc_family_text(enum pc_family family)
{
	return &texts[(unsigned)family < PC_FAMILY_COUNT ? family : PC_FAMILY_INVALID];
}
