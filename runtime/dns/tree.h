// SPDX-License-Identifier: Apache-2.0
// The names below an apex, as a value that is copied in microseconds and then changed in a few
// places: a copy shares all of its parts with the original, and takes a part of its own when it
// changes it. So 10,000 services cost what the changed one costs.
//
// A name is there while somebody claims it, or while there is one below it: `_tcp.web.shop` is
// nobody's, and yet no NXDOMAIN. Both are counted, so that what is taken away again leaves nothing.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "runtime/dns/name.h"

namespace smic::dns {

struct Address {
  std::array<std::uint8_t, 16> bytes{};
  std::uint8_t size = 4;  // or 16
  bool operator==(const Address&) const = default;
};

struct ServicePort {  // SRV
  std::uint16_t port = 0;
  std::string target;  // labels, relative to the apex of the zone that is asked
  bool operator==(const ServicePort&) const = default;
};

struct Alias {  // CNAME
  Name target;
  bool operator==(const Alias&) const = default;
};

struct Pointer {  // PTR
  Name target;
  bool operator==(const Pointer&) const = default;
};

using Record = std::variant<Address, ServicePort, Alias, Pointer>;

struct Node {
  std::vector<Record> records;
  std::uint32_t claims = 0;  // who says that it is there
  std::uint32_t below = 0;   // names right below it
};

// Finds by text without making a string of it.
struct TextHash : std::hash<std::string_view> {
  using is_transparent = void;
};

// Keys are labels relative to the apex, in wire form without the zero byte.
class Tree {
 public:
  explicit Tree(std::size_t parts);  // the apex is there, and stays
  Tree(const Tree& other);
  Tree& operator=(const Tree&) = delete;

  const Node* find(std::string_view labels) const;
  // In no order.
  void visit(const std::function<void(const std::string& labels, const Node&)>& take) const;

  void claim(std::string_view labels);
  void release(std::string_view labels);             // what was claimed before
  void add(std::string_view labels, Record record);  // and claims
  void remove(std::string_view labels, const Record& record);

 private:
  using Part = std::unordered_map<std::string, Node, TextHash, std::equal_to<>>;
  struct Held {
    std::shared_ptr<Part> part;
    bool ours = true;  // false: shared with a copy, and so not to be changed
  };

  std::size_t place_of(std::string_view labels) const;
  Part& own(std::string_view labels);
  void support(std::string_view labels);
  void drop_if_unused(Part& part, Part::iterator node);

  std::vector<Held> parts_;
};

}  // namespace smic::dns
