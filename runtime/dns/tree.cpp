// SPDX-License-Identifier: Apache-2.0
// Tested by tree_test.cpp and zones_test.cpp.
#include "runtime/dns/tree.h"

#include <algorithm>

#include "base/check.h"

namespace smic::dns {
namespace {

std::string_view above(std::string_view labels) {
  return labels.substr(1 + static_cast<std::size_t>(labels.front()));
}

}  // namespace

Tree::Tree(std::size_t parts) : parts_(parts) {
  for (Held& held : parts_) held.part = std::make_shared<Part>();
  claim({});
}

Tree::Tree(const Tree& other) : parts_(other.parts_) {
  for (Held& held : parts_) held.ours = false;
}

std::size_t Tree::place_of(std::string_view labels) const {
  return TextHash()(labels) % parts_.size();
}

const Node* Tree::find(std::string_view labels) const {
  const Part& part = *parts_[place_of(labels)].part;
  const auto found = part.find(labels);
  return found == part.end() ? nullptr : &found->second;
}

void Tree::visit(const std::function<void(const std::string& labels, const Node&)>& take) const {
  for (const Held& held : parts_) {
    for (const auto& [labels, node] : *held.part) take(labels, node);
  }
}

Tree::Part& Tree::own(std::string_view labels) {
  Held& held = parts_[place_of(labels)];
  if (!held.ours) held = {std::make_shared<Part>(*held.part), true};
  return *held.part;
}

void Tree::claim(std::string_view labels) {
  const auto [node, fresh] = own(labels).try_emplace(std::string(labels));
  ++node->second.claims;
  if (fresh && !labels.empty()) support(above(labels));
}

void Tree::support(std::string_view labels) {
  const auto [node, fresh] = own(labels).try_emplace(std::string(labels));
  ++node->second.below;
  if (fresh && !labels.empty()) support(above(labels));
}

void Tree::release(std::string_view labels) {
  Part& part = own(labels);
  const auto node = part.find(labels);
  SMIC_CHECK(node != part.end() && node->second.claims > 0, "a name that nobody has claimed");
  --node->second.claims;
  drop_if_unused(part, node);
}

void Tree::drop_if_unused(Part& part, Part::iterator node) {
  if (node->second.claims > 0 || node->second.below > 0) return;
  const std::string labels = node->first;
  part.erase(node);
  if (labels.empty()) return;
  Part& upper = own(above(labels));
  const auto parent = upper.find(above(labels));
  --parent->second.below;
  drop_if_unused(upper, parent);
}

void Tree::add(std::string_view labels, Record record) {
  claim(labels);
  own(labels).find(labels)->second.records.push_back(std::move(record));
}

void Tree::remove(std::string_view labels, const Record& record) {
  auto& records = own(labels).find(labels)->second.records;
  const auto found = std::ranges::find(records, record);
  SMIC_CHECK(found != records.end(), "a record that nobody has added");
  records.erase(found);
  release(labels);
}

}  // namespace smic::dns
