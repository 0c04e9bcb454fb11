// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/check.h"
#include "compiler/diagnostics/diagnostics.h"

namespace smic {
namespace {

// No editor counts a byte order mark, so no column does.
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool is_document_marker(std::string_view line) {
  const bool marks = line.starts_with("---") || line.starts_with("...");
  return marks && (line.size() == 3 || std::string_view(" \t\r\n").contains(line[3]));
}

// At the begin of the text, and where files with one were put together: before or after a line that
// separates YAML documents. Anywhere else it is text.
std::string without_byte_order_marks(std::string text) {
  if (!text.contains(kByteOrderMark)) return text;
  std::string kept;
  bool at_begin = true;  // of a document
  for (std::string_view rest = text; !rest.empty();) {
    std::string_view line = rest.substr(0, std::min(rest.find('\n'), rest.size() - 1) + 1);
    rest.remove_prefix(line.size());
    const std::string_view bare =
        line.starts_with(kByteOrderMark) ? line.substr(kByteOrderMark.size()) : line;
    if (at_begin || is_document_marker(bare)) line = bare;
    at_begin = is_document_marker(line);
    kept += line;
  }
  return kept;
}

std::vector<std::size_t> find_line_starts(std::string_view text) {
  std::vector<std::size_t> starts{0};
  for (std::size_t at = text.find('\n'); at != text.npos; at = text.find('\n', at + 1)) {
    starts.push_back(at + 1);
  }
  return starts;
}

}  // namespace

SourceId Sources::add(std::string name, std::string text) {
  return add(std::move(name), std::make_shared<const std::string>(std::move(text)));
}

SourceId Sources::add(std::string name, std::shared_ptr<const std::string> text) {
  files_.emplace_back();
  replace(SourceId(files_.size() - 1), std::move(name), std::move(text));
  return SourceId(files_.size() - 1);
}

void Sources::replace(SourceId id, std::string name, std::shared_ptr<const std::string> text) {
  SMIC_CHECK(id.value < files_.size(), "unknown source");
  if (text->contains(kByteOrderMark)) {
    text = std::make_shared<const std::string>(without_byte_order_marks(*text));
  }
  std::vector<std::size_t> starts = find_line_starts(*text);
  files_[id.value] = {std::move(name), std::move(text), std::move(starts)};
}

const std::string& Sources::name(SourceId id) const {
  SMIC_CHECK(id.value < files_.size(), "unknown source");
  return files_[id.value].name;
}

std::string_view Sources::text(SourceId id) const {
  SMIC_CHECK(id.value < files_.size(), "unknown source");
  return *files_[id.value].text;
}

std::string_view Sources::line(SourceId id, std::uint32_t number) const {
  SMIC_CHECK(id.value < files_.size(), "unknown source");
  const File& file = files_[id.value];
  if (number == 0 || number > file.line_starts.size()) return {};
  const std::size_t begin = file.line_starts[number - 1];
  const bool last = number == file.line_starts.size();
  std::size_t end = last ? file.text->size() : file.line_starts[number] - 1;
  if (end > begin && (*file.text)[end - 1] == '\r') --end;
  return std::string_view(*file.text).substr(begin, end - begin);
}

}  // namespace smic
