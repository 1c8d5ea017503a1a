// SPDX-License-Identifier: GPL-2.0-only
/* Sockets that belong to the kernel itself. Ports are those that the modules use when nothing
 * else is configured: IANA's assignments, and 8472 and 51820 from drivers/net/vxlan and wg(8). */
#include "core/process/kernel_socket.h"

#include <stddef.h>

#include "portclash/values.h"

static const struct pc_kernel_service services[] = {
	{ PC_PROTO_TCP, 2049, "the NFS server (nfsd)", "cat /proc/fs/nfsd/portlist" },
	{ PC_PROTO_UDP, 2049, "the NFS server (nfsd)", "cat /proc/fs/nfsd/portlist" },
	{ PC_PROTO_TCP, 445, "the SMB server (ksmbd)", "cat /sys/class/ksmbd-control/stats" },
	{ PC_PROTO_TCP, 3260, "the iSCSI target (LIO)", "ls /sys/kernel/config/target/iscsi" },
	{ PC_PROTO_TCP, 4420, "the NVMe/TCP target (nvmet)", "ls /sys/kernel/config/nvmet/ports" },
	{ PC_PROTO_TCP, 21064, "the lock manager of a cluster (DLM)", "ls /sys/kernel/dlm" },
	{ PC_PROTO_UDP, 4789, "VXLAN", "ip -d link show type vxlan" },
	{ PC_PROTO_UDP, 8472, "VXLAN", "ip -d link show type vxlan" },
	{ PC_PROTO_UDP, 6081, "GENEVE", "ip -d link show type geneve" },
	{ PC_PROTO_UDP, 2152, "GTP", "ip -d link show type gtp" },
	{ PC_PROTO_UDP, 3386, "GTP (version 0)", "ip -d link show type gtp" },
	{ PC_PROTO_UDP, 1701, "L2TP", "ip l2tp show tunnel" },
	{ PC_PROTO_UDP, 6080, "GUE (fou)", "ip fou show" },
	{ PC_PROTO_UDP, 4791, "RDMA over Ethernet (rxe)", "rdma link show" },
	{ PC_PROTO_UDP, 51820, "WireGuard", "wg show all listen-port" },
	{ PC_PROTO_UDP, 6118, "TIPC", "tipc bearer list" },
};

const struct pc_kernel_service *pc_kernel_service(uint8_t proto, uint16_t port)
{
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		if (services[i].proto == proto && services[i].port == port)
			return &services[i];
	return NULL;
}

const char *pc_kernel_find_command(uint8_t proto)
{
	return proto == PC_PROTO_UDP ?
		       "ip -d link show; wg show all listen-port; ip fou show; ip l2tp show tunnel; rpcinfo -p" :
		       "rpcinfo -p; cat /proc/fs/nfsd/portlist; ip mptcp endpoint";
}
