// SPDX-License-Identifier: Apache-2.0
// Two steps, up to the hub and down from it. Some versions cannot say what others can: v1alpha2 of
// a TrafficSplit has no conditions, v1alpha4 of a TrafficTarget no port. Whether a conversion loses
// something is not listed anywhere but tried: if the steps back do not give what was there, or the
// new version would refuse what is there (rules for UDP in v1alpha2), the object as it was goes
// along,
//
//   metadata: {annotations: {conversion.smic.dev/split.smi-spec.io.v1alpha4: '{"spec":…}'}}
//
// with everything but metadata and status, under the version it was written in. A later conversion
// starts from there, so the way an object takes through versions does not matter, and the
// annotation is gone where nothing is lost any more. It counts only while what is visible is what
// came of it: an object that was edited since speaks for itself.
//
// Without this, reading an object in an old version and writing it back would turn "these requests
// on this port" into "any request on any port", without a word.
//
// Tested by tests/unit/resources/convert_test.cpp, with random objects of every version pair.
#include "compiler/resources/convert.h"

#include <algorithm>
#include <array>

#include "compiler/resources/convert_steps.h"
#include "compiler/resources/known_kinds.h"
#include "compiler/resources/versions.h"

namespace smic::resources {
namespace {

constexpr std::array<std::string_view, 4> kNotBody = {"apiVersion", "kind", "metadata", "status"};

// An object taken apart: `rest` without its own fields, which are in `body`.
struct Parts {
  Value rest;
  Value body = Value(Value::Members());
  const Kind* kind = nullptr;
  Version version = Version::v1alpha4;
};

struct Note {
  Version version = Version::v1alpha4;
  Value body;
};

std::expected<Version, std::string> version_in(const Kind& kind, std::string_view name) {
  if (has_version(kind, name)) return *version_named(name);
  return std::unexpected(std::string(kind.name) + " has no version `" + std::string(name) + '`');
}

std::expected<Parts, std::string> take_apart(Value object) {
  const std::string api_version = object.text("apiVersion"), kind_name = object.text("kind");
  const ApiVersion api = parse_api_version(api_version);
  const Kind* kind = find_kind(api.group, kind_name);
  if (kind == nullptr || !kind->is_smi()) {
    return std::unexpected('`' + kind_name + "` of `" + api_version + "` is no SMI kind");
  }
  const auto version = version_in(*kind, api.version);
  if (!version) return std::unexpected(version.error());
  Parts parts{Value(Value::Members()), Value(Value::Members()), kind, *version};
  for (auto& [name, member] : *object.as<Value::Members>()) {
    Value& into = std::ranges::find(kNotBody, name) != kNotBody.end() ? parts.rest : parts.body;
    into.as<Value::Members>()->emplace_back(std::move(name), std::move(member));
  }
  const Value* metadata = parts.rest.find("metadata");
  if (metadata == nullptr || metadata->as<Value::Members>() == nullptr) {
    return std::unexpected("this " + kind_name + " has no `metadata`");
  }
  return parts;
}

// `status` stays last, as people write it.
Value put_together(Parts parts) {
  std::optional<Value> status = parts.rest.take("status");
  for (auto& member : *parts.body.as<Value::Members>()) {
    parts.rest.as<Value::Members>()->push_back(std::move(member));
  }
  if (status) parts.rest.set("status", std::move(*status));
  return std::move(parts.rest);
}

Value step(const Kind& kind, Value body, Version from, Version to) {
  if (from == to) return body;
  const ConversionSteps steps = conversion_steps(kind.name);
  return steps.down(steps.up(std::move(body), from), to);
}

// ---- notes ------------------------------------------------------------------------------------

std::string note_prefix(const Kind& kind) {
  return std::string(kConversionNote) + std::string(kind.group) + '.';
}

std::optional<Note> read_note(const Kind& kind, std::string_view key, const Value& value) {
  const std::string_view version = key.substr(note_prefix(kind).size());
  const std::string* text = value.as<std::string>();
  std::optional<Value> body = text ? value_of_json(*text) : std::nullopt;
  if (!has_version(kind, version) || !body || !body->as<Value::Members>()) return std::nullopt;
  return Note{*version_named(version), std::move(*body)};
}

// Every note goes, also those that cannot be read: they would come back as somebody else's text.
std::optional<Note> take_note(Parts& parts) {
  Value& metadata = *parts.rest.find("metadata");
  Value* annotations = metadata.find("annotations");
  auto* members = annotations ? annotations->as<Value::Members>() : nullptr;
  if (members == nullptr) return std::nullopt;
  std::optional<Note> note;
  const std::string prefix = note_prefix(*parts.kind);
  const std::size_t removed = std::erase_if(*members, [&](const auto& member) {
    if (!member.first.starts_with(prefix)) return false;
    if (!note) note = read_note(*parts.kind, member.first, member.second);
    return true;
  });
  if (removed > 0 && members->empty()) metadata.take("annotations");
  return note;
}

void add_note(Parts& parts, const Note& note) {
  std::string text = print_json(note.body);
  if (text.size() > kMaxNoteBytes) return;
  Value& metadata = *parts.rest.find("metadata");
  Value* annotations = metadata.find("annotations");
  if (annotations == nullptr || !annotations->as<Value::Members>()) {
    annotations = &metadata.set("annotations", Value(Value::Members()));
  }
  const std::string key = note_prefix(*parts.kind) + std::string(name_of(note.version));
  annotations->set(key, Value(std::move(text)));
}

// What the object was before it was converted to what is visible; if that was edited, the visible.
Note source_of(Parts& parts) {
  std::optional<Note> note = take_note(parts);
  if (note && step(*parts.kind, note->body, note->version, parts.version) == parts.body) {
    return std::move(*note);
  }
  return {parts.version, std::move(parts.body)};
}

Value in_version(Parts parts, const Note& source, Version to) {
  parts.rest.set("apiVersion",
                 Value(std::string(parts.kind->group) + '/' + std::string(name_of(to))));
  parts.body = step(*parts.kind, source.body, source.version, to);
  const auto knows = conversion_steps(parts.kind->name).knows;
  const bool lossless = step(*parts.kind, parts.body, to, source.version) == source.body;
  if (!lossless || knows(parts.body, to) != knows(source.body, source.version)) {
    add_note(parts, source);
  }
  return put_together(std::move(parts));
}

}  // namespace

std::expected<Value, std::string> convert(Value object, std::string_view api_version) {
  auto parts = take_apart(std::move(object));
  if (!parts) return std::unexpected(parts.error());
  const ApiVersion wanted = parse_api_version(api_version);
  if (wanted.group != parts->kind->group) {
    return std::unexpected(std::string(parts->kind->name) + " is in `" +
                           std::string(parts->kind->group) + "`, not in `" +
                           std::string(wanted.group) + '`');
  }
  const auto to = version_in(*parts->kind, wanted.version);
  if (!to) return std::unexpected(to.error());
  if (*to == parts->version) return put_together(std::move(*parts));
  const Note source = source_of(*parts);
  return in_version(std::move(*parts), source, *to);
}

std::optional<Value> as_first_written(const Value& object) {
  auto parts = take_apart(object);
  if (!parts) return std::nullopt;
  const Note source = source_of(*parts);
  if (source.version == parts->version) return std::nullopt;
  return in_version(std::move(*parts), source, source.version);
}

}  // namespace smic::resources
