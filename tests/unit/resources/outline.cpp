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

class Outline {
 public:
  explicit Outline(bool places) : places_(places) {}

  std::string of(const Node& node) const {
    if (node.kind == NodeKind::null) return "null" + at(node);
    if (node.kind == NodeKind::scalar) {
      const std::string quote = node.quoted ? "\"" : "";
      return quote + std::string(node.text) + quote + at(node);
    }
    const bool mapping = node.kind == NodeKind::mapping;
    std::string out;
    for (const resources::Entry& entry : node.entries) {
      if (!out.empty()) out += ", ";
      if (mapping) out += of(*entry.key) + ": ";
      out += of(*entry.value);
    }
    return mapping ? "{" + out + "}" : "[" + out + "]";
  }

 private:
  std::string at(const Node& node) const { return places_ ? place(node.span) : ""; }

  bool places_;
};

template <class Read>
std::string outline_by(std::string_view text, bool places, Read read) {
  Sources sources;
  const SourceId id = sources.add("test", std::string(text));
  const auto documents = resources::split_documents(sources, id);
  if (documents.size() != 1) return std::to_string(documents.size()) + " documents";
  resources::TreeBuilder builder(documents[0].text);
  read(documents[0], builder);
  if (builder.failure()) return builder.failure()->message + place(builder.failure()->span);
  return builder.root() == nullptr ? "nothing" : Outline(places).of(*builder.root());
}

}  // namespace

std::string outline_of_yaml(std::string_view text, bool places) {
  return outline_by(text, places, resources::read_yaml);
}

std::string outline_of_json(std::string_view text) {
  return outline_by(text, true, [](const auto& document, auto& builder) {
    resources::read_json(document, builder);
  });
}

}  // namespace smic::test
