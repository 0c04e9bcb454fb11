// SPDX-License-Identifier: Apache-2.0
// What was said of each object of a cluster: diagnostics, by the object that they stand in. A
// source of a cluster is one object and named after it (controller/source).
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/diagnostics/diagnostics.h"
#include "controller/controller.h"

namespace smic::status {

struct ObjectName {
  std::string kind;
  std::string ns;  // empty = not namespaced
  std::string name;
  auto operator<=>(const ObjectName&) const = default;
};

// "TrafficSplit/shop/web.json"; a kind of "" is no object.
ObjectName object_named(std::string_view source);

struct Finding {
  Severity severity = Severity::warning;
  std::string code;
  std::string message;
  std::string help;
  auto operator<=>(const Finding&) const = default;
};

// Of one generation of one object.
struct Verdict {
  std::string api_version;
  std::string uid;
  std::int64_t generation = 0;
  std::vector<Finding> findings;  // sorted, each once
  std::uint64_t version = 0;      // that nodes enforce, the first one that knows of this generation
};

Verdict read_identity(std::string_view object);  // without findings and version

// Of objects that have conditions, and of those of which something was said. A cluster is mostly
// Pods and EndpointSlices of which nothing ever is.
class Verdicts {
 public:
  // `version`: that nodes are told of it. The names of all whose verdict changed, those that
  // are gone included.
  std::set<ObjectName> update(const Diagnostics& diagnostics, std::uint64_t version);

  // The same, where only these can have changed.
  using Touched = controller::Update::Touched;
  std::set<ObjectName> update(const Diagnostics& diagnostics, std::span<const Touched> touched,
                              std::uint64_t version);

  const Verdict* find(const ObjectName& name) const;  // null = gone, or never there

 private:
  struct Known {
    Verdict verdict;
    std::size_t text = 0;  // its hash, to read an object again only when it changed
    std::uint64_t round = 0;
  };

  bool look(const ObjectName& name, std::string_view text, std::vector<Finding> findings,
            std::uint64_t version);

  std::map<ObjectName, Known> known_;
  std::uint64_t round_ = 0;
};

bool has_conditions(const std::string& kind);

}  // namespace smic::status
