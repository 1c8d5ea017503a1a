/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel has a second table of UDP sockets, by address and port (hash2). Its own check for a port looks
 * there only, at the wanted address and at the wildcard, where the list of the port is long
 * (udp_lib_get_port()). The hash is ipv4_portaddr_hash() and ipv6_portaddr_hash(), made of
 * include/linux/jhash.h. */
#ifndef PORTCLASH_UDP_ADDRESS_BPF_H
#define PORTCLASH_UDP_ADDRESS_BPF_H

#include "compat.bpf.h"

#define JHASH_INITVAL 0xdeadbeef

struct jhash {
	__u32 a, b, c;
};

static __always_inline __u32 jhash_rol(__u32 word, int by)
{
	return word << by | word >> (32 - by);
}

static __always_inline void jhash_mix(struct jhash *h)
{
	h->a = (h->a - h->c) ^ jhash_rol(h->c, 4);
	h->c += h->b;
	h->b = (h->b - h->a) ^ jhash_rol(h->a, 6);
	h->a += h->c;
	h->c = (h->c - h->b) ^ jhash_rol(h->b, 8);
	h->b += h->a;
	h->a = (h->a - h->c) ^ jhash_rol(h->c, 16);
	h->c += h->b;
	h->b = (h->b - h->a) ^ jhash_rol(h->a, 19);
	h->a += h->c;
	h->c = (h->c - h->b) ^ jhash_rol(h->b, 4);
	h->b += h->a;
}

static __always_inline __u32 jhash_final(struct jhash *h)
{
	h->c = (h->c ^ h->b) - jhash_rol(h->b, 14);
	h->a = (h->a ^ h->c) - jhash_rol(h->c, 11);
	h->b = (h->b ^ h->a) - jhash_rol(h->a, 25);
	h->c = (h->c ^ h->b) - jhash_rol(h->b, 16);
	h->a = (h->a ^ h->c) - jhash_rol(h->c, 4);
	h->b = (h->b ^ h->a) - jhash_rol(h->a, 14);
	h->c = (h->c ^ h->b) - jhash_rol(h->b, 24);
	return h->c;
}

/* Hashes one word of an address, or four. */
static __noinline __u32 jhash_words(const __u32 *words, bool four, __u32 mix)
{
	__u32 first = JHASH_INITVAL + mix + (four ? 16 : 4);
	struct jhash h = { first, first, first };

	if (!words)
		return 0;
	if (four) {
		h.a += words[0];
		h.b += words[1];
		h.c += words[2];
		jhash_mix(&h);
		words += 3;
	}
	h.a += words[0];
	return jhash_final(&h);
}

/* Hashes an address: of IPv4 in the first word of four. IPv6 has IPv4's addresses, and the wildcard address, at
 * the same place as IPv4. */
static __always_inline __u32 udp_hash(const __u32 *words, bool v6, __u32 mix)
{
	bool mapped = !words[0] && !words[1] && words[2] == __builtin_bswap32(0xffff);
	bool any = !words[0] && !words[1] && !words[2] && !words[3];

	if (v6 && mapped)
		return jhash_words(words + 3, false, mix);
	return jhash_words(words, v6 && !any, mix);
}

/* Gives the first socket of the list that has this hash of an address, and this port. */
static __always_inline struct hlist_node *udp_address_list(const struct udp_table *table,
							   __u32 hash, __u16 port)
{
	__u64 index = (hash ^ port) & BPF_CORE_READ(table, mask);
	struct udp_hslot *slot = BPF_CORE_READ(table, hash2);

	if (!slot)
		return NULL;
	slot = (void *)slot + index * compat_udp_hslot2_size();
	return BPF_CORE_READ(slot, head.first);
}

#endif
