/* SPDX-License-Identifier: GPL-2.0-only */
/* Cookies for sockets that are there already. */
#ifndef PORTCLASH_NAME_SOCKETS_H
#define PORTCLASH_NAME_SOCKETS_H

/* Has the kernel give a cookie to each TCP and UDP socket with a port, in every network namespace that can be
 * entered within two seconds: it makes one for each socket that it lists (sock_diag_save_cookie()). Listing holds no
 * file, so that each close() frees its port. `proc` is "/proc". Sockets that the kernel does not list stay without
 * one: before 6.8 those of TCP that are bound and do nothing else. */
void pc_name_sockets(const char *proc);

#endif
