// SPDX-License-Identifier: Apache-2.0
// Typed access to one object's fields, with the diagnostics that every kind shares: missing and
// mistyped fields (E01), ports out of range (E06), keys written twice (E56), names that Kubernetes
// refuses (E57) and, for SMI objects, fields that do not exist (W15).
//
// Kubernetes' own reading of YAML is kept: `null` is an absent field, and a bare `123` or `on` is
// no text, since kubectl would refuse it too.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/resources/resources.h"
#include "compiler/resources/tree.h"

namespace smic::resources {

// The object that is being decoded: who it is, for messages, and whether it can be kept.
struct Object {
  Diagnostics& diagnostics;
  const Node& root;
  Text api_version;
  Text kind;
  Metadata meta;
  bool strict = false;                         // an SMI object: unknown fields are told
  bool failed = false;                         // some E-code: it is left out
  const Methods* extension_methods = nullptr;  // null: none

  // "TrafficSplit `web`"
  std::string title() const;

  Diagnostic& error(std::string code, const Span& span, std::string message, std::string help = {});
  Diagnostic& warn(std::string code, const Span& span, std::string message, std::string help = {});
};

// The user's text in backticks, cut where it is too long to read.
std::string quote(std::string_view text);

// What a scalar is to Kubernetes.
enum class ScalarType { text, number, boolean };
ScalarType scalar_type(const Node& scalar);
bool is_true(const Node& boolean);

// One mapping of an object. `path` is what a person calls it ("spec.backends[1]"), empty for the
// object itself; `span` is where what it lacks is missed: its key, or an item's first line. A node
// that is no mapping is E01 and has no fields.
class Fields {
 public:
  Fields(Object& object, const Node* node, std::string path, const Span& span);

  // Tells of keys that are not in this list (W15), for strict objects.
  const Fields& know(const std::vector<std::string_view>& known) const;

  bool exists() const { return node_ != nullptr; }
  const Span& span() const { return span_; }
  const std::string& path() const { return path_; }
  std::string path_of(std::string_view key) const;
  Object& object() const { return object_; }

  // Absent and null are the same.
  const Node* get(std::string_view key) const;
  const Node* key_of(std::string_view key) const;  // the key itself, for pointing at it
  Fields mapping(std::string_view key) const;      // without fields if absent
  Fields item(const Node& item, std::string path) const;

  void missing(std::string_view key, std::string help = {}) const;  // E01

  std::optional<Text> text(std::string_view key) const;
  Text required_text(std::string_view key) const;
  std::string plain_text(std::string_view key, std::string fallback = {}) const;
  // A name as Kubernetes allows it: one or more DNS labels.
  Text required_name(std::string_view key) const;
  bool boolean(std::string_view key, bool fallback) const;
  std::optional<Located<std::uint16_t>> port(std::string_view key) const;
  Labels labels(std::string_view key) const;

  // Calls visit(item, path) for each item of the list, in order; absent is empty.
  template <class Visit>
  void each(std::string_view key, Visit visit) const {
    const Node* list = list_of(key);
    if (list == nullptr) return;
    for (std::size_t i = 0; i < list->entries.size(); ++i) {
      visit(*list->entries[i].value, path_of(key) + '[' + std::to_string(i) + ']');
    }
  }
  std::vector<Text> texts(std::string_view key) const;

 private:
  const Node* list_of(std::string_view key) const;
  void tell_repeated_keys() const;

  Object& object_;
  const Node* node_ = nullptr;
  Span span_;
  std::string path_;
};

// Single values, for items of lists. They report what is wrong and return nothing then.
std::optional<Text> read_text(Object& object, const Node& node, const std::string& path);
std::optional<Located<std::uint16_t>> read_port(Object& object, const Node& node,
                                                const std::string& path);

// Is this one or more DNS labels (RFC 1123), as names of objects are?
bool is_object_name(std::string_view name);
bool is_label(std::string_view name);

}  // namespace smic::resources
