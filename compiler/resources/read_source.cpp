// SPDX-License-Identifier: Apache-2.0
// From a source to the trees in it: YAML or JSON is told by the file's name and by the document's
// look, and a document that cannot be read does not take the others with it.
#include <algorithm>

#include "compiler/resources/documents.h"
#include "compiler/resources/limits.h"
#include "compiler/resources/resources.h"

namespace smic::resources {
namespace {

constexpr std::string_view kStdin = "<stdin>";

class DocumentReader {
 public:
  DocumentReader(Diagnostics& diagnostics, const VisitDocument& visit)
      : diagnostics_(diagnostics), visit_(visit) {}

  void read(const Document& document, bool is_json) {
    if (const auto failure = check_text(document)) return tell(*failure);
    if (!is_json && !looks_like_json(document.text)) return yaml(document);
    if (const auto failure = json(document)) {
      // YAML's flow style looks much like JSON; whatever is wrong with it as well is JSON's matter.
      if (is_json || failure->code == "E51") return tell(*failure);
      TreeBuilder builder(document.text);
      read_yaml(document, builder);
      if (builder.failure()) return tell(*failure);
      visit(builder);
    }
  }

  void tell(const Failure& failure) {
    diagnostics_.report(failure.code, failure.span, failure.message, failure.help);
  }

 private:
  void yaml(const Document& document) {
    TreeBuilder builder(document.text);
    read_yaml(document, builder);
    if (builder.failure()) return tell(*builder.failure());
    visit(builder);
  }

  // All values of the document, one after the other; those before a broken one are kept.
  std::optional<Failure> json(Document document) {
    do {
      TreeBuilder builder(document.text);
      const std::size_t end = read_json(document, builder);
      if (builder.failure()) return builder.failure();
      visit(builder);
      document.first_line +=
          static_cast<std::uint32_t>(std::ranges::count(document.text.substr(0, end), '\n'));
      document.text.remove_prefix(end);
    } while (document.text.find_first_not_of(" \t\r\n") != document.text.npos);
    return std::nullopt;
  }

  // `{` and then a key in quotes, or nothing.
  static bool looks_like_json(std::string_view text) {
    if (text.starts_with("---")) text.remove_prefix(3);
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    if (first == text.npos || text[first] != '{') return false;
    const std::size_t second = text.find_first_not_of(" \t\r\n", first + 1);
    return second != text.npos && (text[second] == '"' || text[second] == '}');
  }

  void visit(const TreeBuilder& builder) {
    if (builder.root() != nullptr) visit_(*builder.root());
  }

  Diagnostics& diagnostics_;
  const VisitDocument& visit_;
};

}  // namespace

void read_source(Diagnostics& diagnostics, SourceId source, const VisitDocument& visit) {
  DocumentReader reader(diagnostics, visit);
  const bool is_json = diagnostics.sources().name(source).ends_with(".json");
  const std::vector<Document> documents = split_documents(diagnostics.sources(), source);
  for (std::size_t i = 0; i < documents.size(); ++i) {
    if (i == limits::kDocuments) {
      return reader.tell(
          {"E51",
           {source, documents[i].first_line, 1, 1},
           "this stream has more than " + std::to_string(limits::kDocuments) + " documents",
           {}});
    }
    reader.read(documents[i], is_json);
  }
}

bool is_smir(const std::string& name, std::string_view text) {
  if (name.ends_with(".smir")) return true;
  if (name != kStdin) return false;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    const std::size_t first = line.find_first_not_of(" \t\r");
    if (first != line.npos && line[first] != '#' && !line.substr(first).starts_with("//")) {
      return line.substr(first).starts_with("unit ");
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return false;
}

}  // namespace smic::resources
