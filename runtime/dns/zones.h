// SPDX-License-Identifier: Apache-2.0
// Everything that can be answered, as a value built once from a manifest's names and only read from
// then on, by any thread.
//
// A zone is an apex and a tree of what is below it. The tree's keys are relative to the apex, and
// targets within a zone are too, so that `mesh`, `maesh` and `traefik.mesh` are three apexes of one
// tree: 10,000 services cost their 30,000 nodes once. That a name between others exists although
// nothing is at it (`_tcp.web.shop.mesh`, `shop.mesh`) is a node without records: no special case
// where it is asked for.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "contract/names.h"
#include "runtime/dns/name.h"

namespace smic::dns {

struct Address {
  std::array<std::uint8_t, 16> bytes{};
  std::uint8_t size = 4;  // or 16
};

struct ServicePort {  // SRV
  std::uint16_t port = 0;
  std::string target;  // labels, relative to the apex of the zone that is asked
};

struct Alias {  // CNAME
  Name target;
};

struct Pointer {  // PTR
  Name target;
};

using Record = std::variant<Address, ServicePort, Alias, Pointer>;

struct Node {
  std::vector<Record> records;
};

// Finds by text without making a string of it.
struct TextHash : std::hash<std::string_view> {
  using is_transparent = void;
};

using Tree = std::unordered_map<std::string, Node, TextHash, std::equal_to<>>;

struct Zone {
  Name apex;
  std::shared_ptr<const Tree> tree;

  // Null: there is no such name.
  const Node* find(std::string_view labels) const;
};

class Zones {
 public:
  // What of `names` cannot be said in DNS (a label of 64 letters, an address that is none) is left
  // out. `serial` is the zones' version, for those who look at SOA records.
  static Zones build(const contract::Names& names, std::uint32_t serial);

  // The zone with the longest apex that `name` is in or at, and the labels of `name` below it.
  std::pair<const Zone*, std::string_view> find(const Name& name) const;
  std::pair<const Zone*, std::string_view> find(Name&& name) const = delete;  // labels are a view

  std::uint32_t serial() const { return serial_; }
  std::size_t size() const { return zones_.size(); }

 private:
  void add(std::string_view apex, std::shared_ptr<const Tree> tree);

  std::unordered_map<std::string, Zone, TextHash, std::equal_to<>> zones_;  // by the apex's wire
  std::uint32_t serial_ = 0;
};

}  // namespace smic::dns
