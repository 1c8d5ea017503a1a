/* SPDX-License-Identifier: GPL-2.0-only */
/* Refusals that can be told apart: each asks for an address of its own, one after the other. */
#ifndef LIVE_STAGE_MARCH_H
#define LIVE_STAGE_MARCH_H

#include <stdint.h>

/* The first address of the refusals, in 127/8. */
#define MARCH_FIRST_ADDRESS 0x7f010000U

/* A pause after so many refusals lets the agent keep up, and stretches the refusals. */
#define MARCH_TOGETHER 100

struct io_march {
	unsigned count;
	unsigned pause_ms; /* 0: none */
	uint16_t port;
	unsigned refused;
	int error;
};

/* Is refused `count` addresses on `port`, which another socket must hold on any address. */
void act_march(void *io);

#endif
