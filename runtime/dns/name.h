// SPDX-License-Identifier: Apache-2.0
// A domain name as DNS carries it: labels, each behind its length, and a zero byte as the end. Held
// in lower case, since names compare without it; what a question looked like stays in its bytes.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace smic::dns {

inline constexpr std::size_t kMaxLabel = 63;
inline constexpr std::size_t kMaxName = 255;  // in wire form, with the zero byte (RFC 1035 §2.3.4)

class Name {
 public:
  Name() : wire_(1, '\0') {}  // the root

  // "web.shop.mesh", a final dot allowed. Nothing, where a label is empty or too long.
  static std::optional<Name> parse(std::string_view text);
  // Of a wire form that was checked already: lowers it.
  static Name of_wire(std::string_view wire);

  // Labels in front of a name; nothing, if that is too long.
  static std::optional<Name> join(std::string_view labels, const Name& below);

  std::string_view wire() const { return wire_; }
  // Without the zero byte: what join() takes, and the key within a zone.
  std::string_view labels() const { return wire().substr(0, wire_.size() - 1); }

  bool operator==(const Name&) const = default;

 private:
  explicit Name(std::string wire) : wire_(std::move(wire)) {}
  std::string wire_;
};

// One label in wire form; nothing where it is empty or too long.
std::optional<std::string> label_of(std::string_view text);

char lower(char letter);  // ASCII only, as DNS has it

}  // namespace smic::dns
