// SPDX-License-Identifier: GPL-2.0-only
/* Staging the classic theft. */
#include "theft.h"

#include <errno.h>

void theft_cast(struct test *t, struct theft *o)
{
	o->server = puppet_start(t, "server");
	o->client = puppet_start(t, "client");
	o->web = puppet_start(t, "web");
	o->listener = stage_listener(o->server, 0, "127.0.0.1", SERVER_PORT);
}

void theft_connect(struct theft *o)
{
	o->out = stage_client(o->client, 0, "127.0.0.1", SERVER_PORT);
	stage_accepted(&o->listener, o->server);
}

void theft_refuse(struct theft *o)
{
	o->attempt = stage_refused(o->web, 0, "0.0.0.0", o->out.look.local.port, EADDRINUSE);
}
