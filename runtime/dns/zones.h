// SPDX-License-Identifier: Apache-2.0
// Everything that can be answered, as a value that is only read, by any thread.
//
// A zone is an apex and a tree of what is below it. The tree's keys are relative to the apex, and
// targets within a zone are too, so that `mesh`, `maesh` and `traefik.mesh` are three apexes of one
// tree: 10,000 services cost their 30,000 nodes once. The next version shares with the one before
// what did not change.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "contract/names.h"
#include "runtime/dns/tree.h"

namespace smic::dns {

struct Zone {
  enum class Kind : std::uint8_t { mesh, plain, reverse };
  Kind kind = Kind::mesh;
  Name apex;
  std::shared_ptr<const Tree> tree;

  // Null: there is no such name.
  const Node* find(std::string_view labels) const { return tree->find(labels); }
};

class Zones {
 public:
  // What of `names` cannot be said in DNS (a label of 64 letters, an address that is none) is left
  // out. `serial` is the zones' version, for those who look at SOA records.
  static Zones build(const contract::Names& names, std::uint32_t serial);
  // The same, made of `before`: costs what the services that differ cost. Another set of zones or
  // namespaces is built anew.
  static Zones next(const Zones& before, const contract::Names& names, std::uint32_t serial);

  const contract::Names& names() const { return names_; }

  // The zone with the longest apex that `name` is in or at, and the labels of `name` below it.
  std::pair<const Zone*, std::string_view> find(const Name& name) const;
  std::pair<const Zone*, std::string_view> find(Name&& name) const = delete;  // labels are a view

  std::uint32_t serial() const { return serial_; }
  std::size_t size() const { return zones_.size(); }

 private:
  friend class ZoneEditor;
  void add(Zone::Kind kind, std::string_view apex, std::shared_ptr<const Tree> tree);

  std::unordered_map<std::string, Zone, TextHash, std::equal_to<>> zones_;  // by the apex's wire
  contract::Names names_;
  std::uint32_t serial_ = 0;
};

}  // namespace smic::dns
