// SPDX-License-Identifier: GPL-2.0-only
/* Staging the classic theft. */
#include "stage/theft.h"

#include <errno.h>

#include "monitor/monitor.h"

static const char *loopback(unsigned options)
{
	return options & OPT_V6 ? "::1" : "127.0.0.1";
}

struct theft theft_cast(struct test *t)
{
	return (struct theft){
		.backend = puppet_start(t, "backend"),
		.client = puppet_start(t, "client"),
		.web = puppet_start(t, "web"),
	};
}

void theft_listen(struct theft *o, unsigned options)
{
	o->listener = stage_listener(o->backend, options, loopback(options), SERVER_PORT);
}

void theft_connect(struct theft *o, unsigned options)
{
	o->out = stage_client(o->client, options, loopback(options), SERVER_PORT);
	o->in = stage_accepted(&o->listener, o->backend);
}

void theft_refuse(struct theft *o)
{
	o->attempt = stage_refused(o->web, 0, "0.0.0.0", o->out.look.local.port, EADDRINUSE);
}

struct theft theft_connected(struct test *t)
{
	struct theft o = theft_cast(t);

	theft_listen(&o, 0);
	theft_connect(&o, 0);
	return o;
}

struct theft theft_watched(struct test *t, unsigned backend, unsigned client)
{
	struct theft o = theft_cast(t);

	monitor_watch(t, NULL);
	theft_listen(&o, backend);
	theft_connect(&o, client);
	return o;
}
