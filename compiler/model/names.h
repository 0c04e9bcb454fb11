// SPDX-License-Identifier: Apache-2.0
// How the stages of resolve() look things up: by (namespace, name), in hash tables whose keys are
// views into the resources::Set, which outlives them.
#pragma once

#include <algorithm>
#include <functional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "compiler/model/model.h"

namespace smic::model {

using Name = std::pair<std::string_view, std::string_view>;  // namespace, name

struct NameHash {
  std::size_t operator()(const Name& name) const noexcept {
    const std::hash<std::string_view> hash;
    return hash(name.first) * 31 + hash(name.second);
  }
};

template <class T>
using ByName = std::unordered_map<Name, T, NameHash>;

inline Name name_of(const resources::Metadata& meta) { return {meta.ns.value, meta.name.value}; }
inline Name name_of(const Identity& identity) { return {identity.ns, identity.name}; }

inline Identity identity_of(const resources::Metadata& meta, const resources::PodShape& shape) {
  return {meta.ns.value, shape.service_account};
}

// Names that a wrong one may be a slip of, by namespace. How many comparisons one compilation
// spends on being helpful is bounded, or 100,000 wrong names in 10,000 services would take minutes.
class Candidates {
 public:
  static constexpr std::size_t kMaxComparisons = 2'000'000;

  Candidates(std::string_view kind, const Options& options)
      : kind_(kind), surroundings_(options.surroundings) {}

  void add(const Name& name) {
    if (surroundings_ != nullptr) return;  // they know more
    by_namespace_[name.first].emplace_back(name.second);
    const auto [first, is_new] = elsewhere_.try_emplace(name.second, name.first);
    if (!is_new) first->second = std::min(first->second, name.first);
  }

  // A help for a name that is not there; empty if nothing is near or the bound is reached. The same
  // name in another namespace comes second: a forgotten `namespace` is as common as a slip.
  std::string suggest(const Name& name);

 private:
  std::string help_from_surroundings(const Name& name) const;

  std::string_view kind_;
  const Surroundings* surroundings_;
  std::unordered_map<std::string_view, std::string_view> elsewhere_;  // name → first namespace
  std::unordered_map<std::string_view, std::vector<std::string>> by_namespace_;
  std::size_t comparisons_ = 0;
};

// Objects that exist but have errors: whoever refers to one need not be told that it is missing.
class LeftOut {
 public:
  explicit LeftOut(const resources::Set& set) {
    for (const resources::LeftOut& object : set.left_out) {
      by_kind_[object.kind].insert({object.ns, object.name});
    }
  }

  bool has(std::string_view kind, const Name& name) const {
    const auto found = by_kind_.find(kind);
    return found != by_kind_.end() && found->second.contains(name);
  }

 private:
  std::unordered_map<std::string_view, std::unordered_set<Name, NameHash>> by_kind_;
};

ir::Origin origin_of(std::string_view kind, const resources::Metadata& meta, Span span,
                     const Sources& sources);

}  // namespace smic::model
