// SPDX-License-Identifier: Apache-2.0
// A source cut into its documents, each read on its own, so that a broken one does not take the
// others with it.
//
// The cut is made on the text, before any parser: a line that begins with `---` starts a document
// wherever it stands (YAML forbids it inside of scalars; JSON strings have no line ends), and `...`
// ends one.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "compiler/resources/tree.h"

namespace smic::resources {

struct Document {
  SourceId source;
  std::string_view text;         // a view into the source; may begin with its `---` line
  std::uint32_t first_line = 1;  // of the source
};

// Documents that hold nothing but comments and directives are left out.
std::vector<Document> split_documents(const Sources& sources, SourceId source);

// The first thing that no reader accepts: control characters (NUL among them), bytes that are not
// UTF-8, more bytes than the limit.
std::optional<Failure> check_text(const Document& document);

// Readers. What they find goes to the builder, failures too; no exception leaves them.
void read_yaml(const Document& document, TreeBuilder& builder);

// One JSON value. Returns where in the document the next one would begin.
std::size_t read_json(const Document& document, TreeBuilder& builder);

// Calls visit(root) for the tree of every document of a source that can be read; the tree lasts as
// long as the call. What cannot be read is reported.
using VisitDocument = std::function<void(const Node& root)>;
void read_source(Diagnostics& diagnostics, SourceId source, const VisitDocument& visit);

}  // namespace smic::resources
