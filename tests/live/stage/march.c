// SPDX-License-Identifier: GPL-2.0-only
/* Refusals that can be told apart. */
#include <arpa/inet.h>
#include <errno.h>

#include "run/test.h"
#include "stage/acts.h"
#include "stage/march.h"

void act_march(void *io)
{
	struct io_march *a = io;
	struct io_socket s = { 0 };

	act_socket(&s);
	for (unsigned i = 0; i < a->count && !a->error; i++) {
		struct io_name name = { .fd = s.fd, .to = { .port = a->port } };
		struct in_addr address = { htonl(MARCH_FIRST_ADDRESS + i) };

		inet_ntop(AF_INET, &address, name.to.address, sizeof(name.to.address));
		act_bind(&name);
		a->error = name.error == EADDRINUSE ? 0 : name.error ? name.error : EINVAL;
		a->refused += !a->error;
		if (a->pause_ms && i % MARCH_TOGETHER == MARCH_TOGETHER - 1)
			sleep_ms(a->pause_ms);
	}
	act_close(&(struct io_close){ .fd = s.fd });
}
