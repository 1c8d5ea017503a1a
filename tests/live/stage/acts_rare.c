// SPDX-License-Identifier: GPL-2.0-only
/* The rarer socket calls that puppets make. */
#include "stage/acts_rare.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "run/test.h"

void act_to_device(void *io)
{
	struct io_device *a = io;

	a->error = setsockopt(a->fd, SOL_SOCKET, SO_BINDTODEVICE, a->name,
			      (socklen_t)strlen(a->name)) ?
			   errno :
			   0;
}

void act_set_option(void *io)
{
	struct io_option *a = io;

	a->error = setsockopt(a->fd, a->level, a->option, &a->value, sizeof(a->value)) ? errno : 0;
}

static void send_messages(struct io_name *a, unsigned count, int flags)
{
	struct sockaddr_storage to;
	struct iovec text = { "x", 1 };
	struct mmsghdr messages[2] = { { .msg_hdr = { .msg_name = &to,
						      .msg_namelen = end_to_sockaddr(&a->to, &to),
						      .msg_iov = &text,
						      .msg_iovlen = 1 } } };
	ssize_t n;

	messages[1] = messages[0];
	a->before = wall_ns();
	n = count > 1 ? sendmmsg(a->fd, messages, count, flags) :
			sendmsg(a->fd, &messages[0].msg_hdr, flags);
	a->error = n < 0 ? errno : 0;
	a->after = wall_ns();
}

void act_send_message(void *io)
{
	send_messages(io, 1, 0);
}

void act_fast_open_message(void *io)
{
	send_messages(io, 1, MSG_FASTOPEN);
}

void act_send_messages(void *io)
{
	send_messages(io, 2, 0);
}

void act_write(void *io)
{
	struct io_name *a = io;

	a->before = wall_ns();
	a->error = write(a->fd, "x", 1) < 0 ? errno : 0;
	a->after = wall_ns();
}
