// SPDX-License-Identifier: GPL-2.0-only
/* A client that keeps its connection: client PORT. Busybox's own clients set SO_REUSEADDR, with which a server
 * may have their port. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_in server = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (argc < 2)
		return 2;
	server.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (connect(fd, (struct sockaddr *)&server, sizeof(server)))
		return 1;
	for (;;)
		pause();
}
