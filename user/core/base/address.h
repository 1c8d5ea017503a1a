/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses as text and their kinds: any, loopback, IPv4-mapped. */
#ifndef PORTCLASH_ADDRESS_H
#define PORTCLASH_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/socket.h"

#define PC_ADDRESS_TEXT 48
#define PC_ENDPOINT_TEXT (PC_ADDRESS_TEXT + 8)

/* "192.0.2.7", "::1" into `out` (PC_ADDRESS_TEXT bytes); returns `out`. */
const char *pc_address_text(uint16_t family, const uint8_t *address, char *out);

/* "192.0.2.7:443", "[::1]:443" into `out` (PC_ENDPOINT_TEXT bytes); returns `out`. */
const char *pc_endpoint_text(uint16_t family, const uint8_t *address, uint16_t port, char *out);

bool pc_address_is_any(uint16_t family, const uint8_t *address);
bool pc_address_is_mapped(uint16_t family, const uint8_t *address);
bool pc_address_is_loopback(uint16_t family, const uint8_t *address);
bool pc_address_is_link_local(uint16_t family, const uint8_t *address); /* fe80::/10 */

/* Are the two the same address, be it IPv4 or IPv4-mapped? */
bool pc_address_equal(uint16_t family_a, const uint8_t *a, uint16_t family_b, const uint8_t *b);

/* The state as `ss` shows it: the kernel keeps an orphan in FIN_WAIT2 as a TIME_WAIT that
 * remembers it (tw_substate), until the other end closes too. */
enum pc_state pc_socket_state(const struct pc_socket *s);

/* Is the socket connected to itself: are both its ends the same? */
bool pc_socket_is_self(const struct pc_socket *s);

#endif
