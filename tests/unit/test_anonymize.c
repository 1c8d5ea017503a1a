// SPDX-License-Identifier: GPL-2.0-only
/* A recording with a secret in each text and each address: none is left in the one with pseudonyms, which is whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/recording/pseudonyms.h"
#include "core/recording/recorder_private.h"

/* Each name has it. */
#define SECRET "geheim"

/* Four bytes that are in each address. */
static const uint8_t mark[4] = { 203, 0, 113, 77 };

#define ID "deadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeef"
#define POD "feedf00d-1111-4222-8333-444455556666"

struct bytes {
	uint8_t *data;
	size_t size;
};

static int keep_bytes(void *context, const void *data, size_t size)
{
	struct bytes *b = context;

	b->data = realloc(b->data, b->size + size);
	memcpy(b->data + b->size, data, size);
	b->size += size;
	return 0;
}

static void fill_address(uint16_t family, uint8_t *address)
{
	memset(address, 0, PC_ADDR_LEN);
	if (family == PC_FAMILY_V6) {
		memcpy(address, "\x2a\x01\x00\x00", 4);
		memcpy(address + 8, mark, sizeof(mark));
		return;
	}
	memcpy(address, mark, sizeof(mark));
}

static struct pc_socket_record secret_socket(uint16_t family)
{
	struct pc_socket_record s = { .family = family,
				      .proto = PC_PROTO_TCP,
				      .state = PC_STATE_ESTABLISHED,
				      .cookie = 5,
				      .lport = 43409,
				      .rport = 443 };

	fill_address(family, s.local);
	fill_address(family, s.remote);
	if (family == PC_FAMILY_V4)
		memcpy(&s.v4_address, mark, sizeof(mark));
	return s;
}

/* Components leaf first, each with its NUL. */
#define EXE_PARTS SECRET "-server\0" SECRET "\0opt\0"
#define GROUP_PARTS \
	"docker-" ID ".scope\0" SECRET "@" SECRET "2.service\0" SECRET ".slice\0system.slice\0"
#define V1_PARTS "\0pod" POD "\0kubepods\0"
#define ARGS "/opt/" SECRET "/" SECRET "-server\0--password=" SECRET "\0" SECRET " two\0"

static void put_process_record(struct pc_payload *p)
{
	static const char args[] = ARGS, exe[] = EXE_PARTS, group[] = GROUP_PARTS V1_PARTS;
	struct pc_process_record r = { .header = { PC_RECORD_PROCESS, 0 },
				       .key = { .tgid = 7, .start_ns = 1 },
				       .uid = 1000,
				       .args_len = sizeof(args) - 1,
				       .exe_len = sizeof(exe) - 1,
				       .cgroup_len = sizeof(group) - 1,
				       .comm = SECRET "-server" };

	memcpy(r.text, args, r.args_len);
	memcpy(r.text + r.args_len, exe, r.exe_len);
	memcpy(r.text + r.args_len + r.exe_len, group, r.cgroup_len);
	r.header.size = (uint32_t)(offsetof(struct pc_process_record, text) + r.args_len +
				   r.exe_len + r.cgroup_len);
	pc_payload_add_record(p, &r, r.header.size);
}

static void put_refusal_record(struct pc_payload *p, uint16_t family)
{
	struct pc_refusal_record r = { .header = { PC_RECORD_REFUSAL, PC_REFUSAL_SIZE(2) },
				       .process = { .tgid = 7, .start_ns = 1 },
				       .error = 98,
				       .wanted_port = 43409,
				       .wanted_family = family,
				       .op = PC_OP_BIND,
				       .proto = PC_PROTO_TCP,
				       .holders_count = 2,
				       .comm = SECRET "-server",
				       .socket = secret_socket(family) };

	fill_address(family, r.wanted);
	r.holders[0] = secret_socket(family);
	r.holders[1] = secret_socket(PC_FAMILY_V4);
	pc_payload_add_record(p, &r, r.header.size);
}

static void put_foreign_record(struct pc_payload *p, bool abstract)
{
	static const char path[] = "/run/" SECRET "/" SECRET ".sock";
	static const char folders[] = SECRET "\0srv\0";
	struct pc_foreign_record r = { .header = { PC_RECORD_FOREIGN, sizeof(r) },
				       .error = 98,
				       .op = PC_OP_BIND,
				       .family = PC_FAMILY_UNIX,
				       .paths_known = 1,
				       .root_len = 0,
				       .cwd_len = sizeof(folders) - 1,
				       .comm = SECRET };

	memcpy(r.address + 2 + abstract, path, sizeof(path));
	r.address_len = (uint8_t)(2 + abstract + sizeof(path) - abstract);
	memcpy(r.text, folders, sizeof(folders));
	pc_payload_add_record(p, &r, sizeof(r));
}

static void put_other_records(struct pc_payload *p)
{
	struct pc_claim_record claim = { .header = { PC_RECORD_CLAIM, sizeof(claim) },
					 .cookie = 5,
					 .how = PC_HOW_CONNECT,
					 .proto = PC_PROTO_TCP,
					 .family = PC_FAMILY_V4,
					 .comm = SECRET };
	struct pc_endpoints_record ends = { .header = { PC_RECORD_ENDPOINTS, sizeof(ends) },
					    .cookie = 5,
					    .family = PC_FAMILY_V6,
					    .state = PC_STATE_ESTABLISHED };
	struct pc_merged_record merged = { .header = { PC_RECORD_MERGED, sizeof(merged) },
					   .count = 2,
					   .wanted_family = PC_FAMILY_V4,
					   .op = PC_OP_BIND,
					   .proto = PC_PROTO_TCP,
					   .scope = PC_SCOPE_PORT,
					   .comm = SECRET };

	fill_address(PC_FAMILY_V6, ends.local);
	fill_address(PC_FAMILY_V6, ends.remote);
	fill_address(PC_FAMILY_V4, merged.wanted);
	pc_payload_add_record(p, &claim, sizeof(claim));
	pc_payload_add_record(p, &ends, sizeof(ends));
	pc_payload_add_record(p, &merged, sizeof(merged));
}

static void record_rings(struct pc_recorder *r)
{
	struct pc_payload p = { 0 }, open = { 0 };
	struct pc_owner_record owner = { .header = { PC_RECORD_OWNER, sizeof(owner) },
					 .process = { .tgid = 7 },
					 .comm = SECRET,
					 .socket = secret_socket(PC_FAMILY_V6) };

	put_process_record(&p);
	put_refusal_record(&p, PC_FAMILY_V4);
	put_refusal_record(&p, PC_FAMILY_V6);
	put_foreign_record(&p, false);
	put_foreign_record(&p, true);
	put_other_records(&p);
	pc_recorder_entry(r, PC_RECORDED_READ, PC_RING_REFUSALS, 0, 0, &p);
	pc_payload_add_record(&open, &owner, sizeof(owner));
	pc_recorder_entry(r, PC_RECORDED_OWNERS, 0, 0, 0, &open);
}

static void record_identity_of(struct pc_recorder *r)
{
	struct pc_identity who = { .key = { .tgid = 7 }, .comm = SECRET };
	struct pc_given_names names = { (char *)SECRET "-c", (char *)SECRET "-p",
					(char *)SECRET "-n", PC_RUNTIME_DOCKER };
	struct pc_payload p = { 0 }, given = { 0 };

	who.exe = (char *)"/usr/local/" SECRET "/" SECRET " (deleted)";
	who.cmdline = (char *)SECRET " -c " SECRET;
	who.cgroup = (char *)"/machine.slice/machine-" SECRET ".scope/" SECRET;
	pc_payload_add_identity(&p, &who);
	pc_recorder_entry(r, PC_RECORDED_IDENTITY, 0, 7, 0, &p);
	pc_payload_add_given(&given, &names);
	pc_recorder_entry(r, PC_RECORDED_GIVEN, 0, 7, 0, &given);
}

static void record_places(struct pc_recorder *r)
{
	struct pc_address_look look = { .state = PC_ADDRESS_MISSING,
					.device = SECRET "0",
					.vrf = SECRET "1",
					.asked = SECRET "2",
					.v6_off = SECRET "3",
					.down = SECRET "4" };
	struct pc_tunnels tunnels = { .count = 1, .total = 1 };
	struct pc_site site = { .kind = PC_PATH_SOCKET, .path = "/srv/" SECRET "/x" SECRET };
	struct pc_payload p = { 0 }, q = { 0 }, s = { 0 }, u = { 0 };
	uint64_t took_ns = 1;

	tunnels.list[0] = (struct pc_tunnel){ .name = SECRET "5", .kind = PC_TUNNEL_VXLAN };
	pc_payload_add_address(&p, &look);
	pc_recorder_entry(r, PC_RECORDED_ADDRESS, 0, 1, 0, &p);
	pc_payload_add(&q, &took_ns, sizeof(took_ns));
	pc_payload_add(&q, &tunnels, sizeof(tunnels));
	pc_recorder_entry(r, PC_RECORDED_TUNNELS, 0, 1, 0, &q);
	pc_payload_add_site(&s, &site, 1);
	pc_recorder_entry(r, PC_RECORDED_SITE, 0, 1, 0, &s);
	pc_payload_add(&u, SECRET ".socket", strlen(SECRET ".socket"));
	pc_recorder_entry(r, PC_RECORDED_SOCKET_UNIT, 0, 1, 0, &u);
}

static void record_look_of(struct pc_recorder *r)
{
	struct pc_listed_socket one = { .socket = { .family = PC_FAMILY_V4,
						    .proto = PC_PROTO_TCP,
						    .state = PC_STATE_LISTEN,
						    .lport = 80 } };
	struct pc_netns_look look = { .sockets = { &one, 1, 1 } };
	struct pc_payload p = { 0 };

	fill_address(PC_FAMILY_V4, one.socket.local);
	memcpy(&one.socket.v4_address, mark, sizeof(mark));
	pc_payload_add_look(&p, &look);
	pc_recorder_entry(r, PC_RECORDED_LOOK, 0, 1, 0, &p);
}

static struct bytes secret_recording(void)
{
	const struct pc_recording_header h = { .magic = PC_RECORDING_MAGIC,
					       .version = PC_RECORDING_VERSION,
					       .record_version = PC_RECORD_VERSION };
	const struct pc_recorded_session session = {
		.version = "1", .backend = "fentry", .kernel = "6.1.0-" SECRET, .machine = SECRET
	};
	struct bytes b = { 0 };
	struct pc_recorder r = { .write = keep_bytes, .context = &b };

	pc_recorder_bytes(&r, &h, sizeof(h));
	pc_recorder_session(&r, &session);
	record_rings(&r);
	record_identity_of(&r);
	record_places(&r);
	record_look_of(&r);
	pc_recorder_end(&r, &(struct pc_recorded_end){ 5, 0 });
	return b;
}

static struct pc_playback *anonymize_opened(const struct bytes *b)
{
	char sentence[PC_RECORDING_SENTENCE] = "";
	struct pc_playback *p = NULL;

	if (pc_playback_open(b->data, b->size, &p, sentence))
		fail_msg("%s", sentence);
	return p;
}

static unsigned anonymize_count(const struct bytes *b, const void *what, size_t size)
{
	const uint8_t *at = b->data;
	unsigned count = 0;

	while ((at = memmem(at, b->size - (size_t)(at - b->data), what, size))) {
		count++;
		at++;
	}
	return count;
}

static struct bytes anonymized_of(const struct bytes *b)
{
	struct pc_playback *p = anonymize_opened(b);
	struct bytes out = { 0 };

	assert_int_equal(pc_recording_anonymize(p, keep_bytes, &out), 0);
	pc_playback_free(p);
	return out;
}

static void no_secret_is_left(void **state)
{
	struct bytes b = secret_recording(), out;

	(void)state;
	/* Each is in the original, so that this test can fail. */
	assert_in_range(anonymize_count(&b, SECRET, strlen(SECRET)), 35, 100);
	assert_in_range(anonymize_count(&b, mark, sizeof(mark)), 20, 100);
	assert_int_equal(anonymize_count(&b, ID, strlen(ID)), 1);
	assert_int_equal(anonymize_count(&b, POD, strlen(POD)), 1);
	out = anonymized_of(&b);
	assert_int_equal(anonymize_count(&out, SECRET, strlen(SECRET)), 0);
	assert_int_equal(anonymize_count(&out, mark, sizeof(mark)), 0);
	assert_int_equal(anonymize_count(&out, "deadbeef", 8), 0);
	assert_int_equal(anonymize_count(&out, "feedf00d", 8), 0);
	assert_int_equal(anonymize_count(&out, "two", 3), 0);
	pc_playback_free(anonymize_opened(&out));
	free(b.data);
	free(out.data);
}

/* The same recording gives the same bytes. */
static void it_is_repeatable(void **state)
{
	struct bytes b = secret_recording(), first = anonymized_of(&b), second = anonymized_of(&b);

	(void)state;
	assert_int_equal(first.size, second.size);
	assert_memory_equal(first.data, second.data, first.size);
	free(b.data);
	free(first.data);
	free(second.data);
}

static void expect_group(struct pc_pseudonyms *p, const char *path, const char *expected)
{
	char out[512];

	pc_pseudonym_cgroup(p, path, strlen(path), out, sizeof(out));
	assert_string_equal(out, expected);
}

static void forms_stay(void **state)
{
	struct pc_pseudonyms *p = pc_pseudonyms_new();
	char out[512];

	(void)state;
	expect_group(p, "/system.slice/nginx.service", "/system.slice/u1.service");
	expect_group(p, "/user.slice/user-1000.slice/user@1000.service/app.slice/x.service",
		     "/user.slice/user-1000.slice/user@1000.service/app.slice/u2.service");
	expect_group(
		p, "/system.slice/docker-" ID ".scope",
		"/system.slice/docker-c000000000010000000000000000000000000000000000000000000000000000.scope");
	expect_group(p, "/docker/" ID,
		     "/docker/c000000000010000000000000000000000000000000000000000000000000000");
	expect_group(p, "/kubepods/burstable/pod" POD,
		     "/kubepods/burstable/pod00000001-0000-4000-8000-000000000000");
	expect_group(
		p,
		"/kubepods.slice/kubepods-burstable-podfeedf00d_1111_4222_8333_444455556666.slice",
		"/kubepods.slice/kubepods-burstable-pod00000001_0000_4000_8000_000000000000.slice");
	/* No pod, but a group whose name begins like one. */
	expect_group(p, "/podinfo/kubepods-podium.slice", "/g1/u3.slice");
	pc_pseudonym_path(p, "/usr/bin/docker-proxy", 21, true, out, sizeof(out));
	assert_string_equal(out, "/usr/bin/docker-proxy");
	pc_pseudonym_arguments(p, "/usr/bin/docker-proxy -proto tcp -container-ip 172.17.0.2 -x y",
			       62, out, sizeof(out));
	assert_string_equal(out, "/usr/bin/docker-proxy -proto tcp -container-ip 10.0.0.1 a1 a2");
	pc_pseudonyms_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_secret_is_left),
		cmocka_unit_test(it_is_repeatable),
		cmocka_unit_test(forms_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
