// SPDX-License-Identifier: Apache-2.0
// Tested by zones_test.cpp and answer_test.cpp.
#include "runtime/dns/name.h"

#include <algorithm>
#include <iterator>

namespace smic::dns {

char lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

std::optional<std::string> label_of(std::string_view text) {
  if (text.empty() || text.size() > kMaxLabel) return std::nullopt;
  std::string wire(1, static_cast<char>(text.size()));
  std::ranges::transform(text, std::back_inserter(wire), lower);
  return wire;
}

std::optional<Name> Name::parse(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  std::string wire;
  while (!text.empty()) {
    const std::size_t dot = text.find('.');
    const auto label = label_of(text.substr(0, dot));
    if (!label || dot == text.size() - 1) return std::nullopt;
    wire += *label;
    text.remove_prefix(dot == std::string_view::npos ? text.size() : dot + 1);
  }
  return join(wire, Name());
}

Name Name::of_wire(std::string_view wire) {
  std::string lowered(wire);
  // Lengths are below 64, and letters in upper case begin at 65: lowering leaves lengths alone.
  std::ranges::transform(lowered, lowered.begin(), lower);
  return Name(std::move(lowered));
}

std::optional<Name> Name::join(std::string_view labels, const Name& below) {
  if (labels.size() + below.wire_.size() > kMaxName) return std::nullopt;
  return Name(std::string(labels) + below.wire_);
}

}  // namespace smic::dns
