// SPDX-License-Identifier: GPL-2.0-only
/* Unix sockets and tunnels in JSON. */
#include "out/json_unix.h"

#include "out/json_parts.h"

json_t *pc_json_wanted(const struct pc_request *r)
{
	const struct pc_foreign *f = &r->foreign;
	char name[PC_FOREIGN_NAME];
	json_t *e;

	if (!f->family)
		return pc_json_endpoint(r->wanted_family, r->wanted, r->wanted_port);
	e = json_object();
	json_object_set_new(e, "address",
			    f->name_len ? pc_json_string(pc_foreign_name(f, name)) : json_null());
	json_object_set_new(e, "port", json_null());
	return e;
}

static json_t *json_unix_bound(const struct pc_site *site)
{
	if (site->bound != PC_BOUND_YES && site->bound != PC_BOUND_NO)
		return json_null();
	return json_boolean(site->bound == PC_BOUND_YES);
}

json_t *pc_json_unix(const struct pc_verdict *v)
{
	const struct pc_foreign *f = &v->request.foreign;
	const struct pc_site *site = &v->site;
	bool found = site->kind > PC_PATH_GONE;
	json_t *o;

	if (f->family != PC_FAMILY_UNIX)
		return json_null();
	o = json_object();
	json_object_set_new(o, "abstract", json_boolean(f->abstract));
	json_object_set_new(o, "path", pc_json_string(site->path[0] ? site->path : NULL));
	json_object_set_new(o, "mount_namespace", pc_json_number_or_null(f->mntns));
	json_object_set_new(o, "found",
			    f->abstract ? json_null() : json_string(pc_path_kind_name(site->kind)));
	json_object_set_new(o, "bound", json_unix_bound(site));
	json_object_set_new(o, "inode",
			    found ? json_integer((json_int_t)site->inode) : json_null());
	json_object_set_new(o, "uid", found ? json_integer(site->uid) : json_null());
	return o;
}

json_t *pc_json_tunnels(const struct pc_tunnels *t)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < t->count; i++) {
		const struct pc_tunnel *one = &t->list[i];
		json_t *o = json_object();

		json_object_set_new(o, "device", pc_json_string(one->name));
		json_object_set_new(o, "kind", json_string(pc_tunnel_kind_name(one->kind)));
		json_object_set_new(o, "port", pc_json_number_or_null(one->port));
		json_object_set_new(o, "up", json_boolean(one->up));
		json_array_append_new(list, o);
	}
	return list;
}
