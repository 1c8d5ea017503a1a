/* SPDX-License-Identifier: GPL-2.0-only */
/* Fill a slot of the flight recorder, which is zero before. */
#ifndef PORTCLASH_FLIGHT_SLOT_H
#define PORTCLASH_FLIGHT_SLOT_H

#include "core/base/model.h"
#include "core/flight/format.h"

/* Puts the process that made the claim; what is not known of it stays so. */
void pc_flight_put_process(struct pc_flight_slot *s, const struct pc_party *p);

/* Puts both ends of the socket; NULL: they are not known. */
void pc_flight_put_ends(struct pc_flight_slot *s, const struct pc_endpoints *ends);

#endif
