// SPDX-License-Identifier: Apache-2.0
// The API's JSON, taken apart: pages of a list, events of a watch, failures. Objects are shrunk on
// the spot to the fields that someone reads: a Pod of 10 KB becomes 300 bytes, a heartbeat that
// changes none of them becomes no change at all.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "controller/kube/fault.h"

namespace smic::kube {

// Dotted paths: "spec.ports" keeps all that is below it. Lists are looked through. `apiVersion`,
// `kind`, and of the metadata what identifies an object are always kept.
class Keep {
 public:
  Keep(std::initializer_list<std::string_view> paths);

  const Keep* below(std::string_view key) const;
  bool whole() const { return below_.empty(); }

 private:
  Keep() = default;
  void add(std::string_view path);
  std::map<std::string, Keep, std::less<>> below_;
};

struct Object {
  std::string ns;  // empty = not namespaced
  std::string name;
  std::string version;  // resourceVersion; not part of the text
  std::string text;     // shrunk
};

// What every object of a list is, since the API leaves it out there.
struct Shape {
  std::string api_version;
  std::string kind;
  Keep keep;
};

struct Page {
  std::string version;
  std::string next;  // the continue token; empty = this was the last one
  std::vector<Object> objects;
};
ApiResult<Page> read_page(std::string_view json, const Shape& shape);

struct Event {
  enum class Type { put, removed, bookmark };
  Type type = Type::bookmark;
  Object object;  // of a bookmark only the version
};
// An ERROR event is an error here too.
ApiResult<Event> read_event(std::string_view json, const Shape& shape);

// A failure as the API tells it (a Status object), or any other body.
ApiError read_failure(int status, std::string_view body);

// The versions that a group serves, from /apis/GROUP.
ApiResult<std::vector<std::string>> read_group_versions(std::string_view json);

}  // namespace smic::kube
