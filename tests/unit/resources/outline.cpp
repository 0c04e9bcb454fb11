// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/resources/outline.h"

#include "compiler/resources/documents.h"

namespace smic::test {
namespace {

using resources::Node;
using resources::NodeKind;

std::string place(const Span& span) {
  return "@" + std::to_string(span.line) + ":" + std::to_string(span.column) + "+" +
         std::to_string(span.length);
}

std::string outline(const Node& node) {
  if (node.kind == NodeKind::null) return "null" + place(node.span);
  if (node.kind == NodeKind::scalar) {
    const std::string quote = node.quoted ? "\"" : "";
    return quote + std::string(node.text) + quote + place(node.span);
  }
  const bool mapping = node.kind == NodeKind::mapping;
  std::string out;
  for (const resources::Entry& entry : node.entries) {
    if (!out.empty()) out += ", ";
    if (mapping) out += outline(*entry.key) + ": ";
    out += outline(*entry.value);
  }
  return mapping ? "{" + out + "}" : "[" + out + "]";
}

template <class Read>
std::string outline_by(std::string_view text, Read read) {
  Sources sources;
  const SourceId id = sources.add("test", std::string(text));
  const auto documents = resources::split_documents(sources, id);
  if (documents.size() != 1) return std::to_string(documents.size()) + " documents";
  resources::TreeBuilder builder(documents[0].text);
  read(documents[0], builder);
  if (builder.failure()) return builder.failure()->message + place(builder.failure()->span);
  return builder.root() == nullptr ? "nothing" : outline(*builder.root());
}

}  // namespace

std::string outline_of_yaml(std::string_view text) {
  return outline_by(text, resources::read_yaml);
}

std::string outline_of_json(std::string_view text) {
  return outline_by(
      text, [](const auto& document, auto& builder) { resources::read_json(document, builder); });
}

}  // namespace smic::test
