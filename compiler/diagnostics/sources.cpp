// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"
#include "compiler/diagnostics/diagnostics.h"

namespace smic {
namespace {

// No editor counts a byte order mark, so no column does.
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::vector<std::size_t> find_line_starts(std::string_view text) {
  std::vector<std::size_t> starts{0};
  for (std::size_t at = text.find('\n'); at != text.npos; at = text.find('\n', at + 1)) {
    starts.push_back(at + 1);
  }
  return starts;
}

}  // namespace

SourceId Sources::add(std::string name, std::string text) {
  if (text.starts_with(kByteOrderMark)) text.erase(0, kByteOrderMark.size());
  std::vector<std::size_t> starts = find_line_starts(text);
  files_.push_back({std::move(name), std::move(text), std::move(starts)});
  return SourceId(files_.size() - 1);
}

const std::string& Sources::name(SourceId id) const {
  SMIC_CHECK(id.value < files_.size(), "unknown source");
  return files_[id.value].name;
}

std::string_view Sources::text(SourceId id) const {
  SMIC_CHECK(id.value < files_.size(), "unknown source");
  return files_[id.value].text;
}

std::string_view Sources::line(SourceId id, std::uint32_t number) const {
  SMIC_CHECK(id.value < files_.size(), "unknown source");
  const File& file = files_[id.value];
  if (number == 0 || number > file.line_starts.size()) return {};
  const std::size_t begin = file.line_starts[number - 1];
  const bool last = number == file.line_starts.size();
  std::size_t end = last ? file.text.size() : file.line_starts[number] - 1;
  if (end > begin && file.text[end - 1] == '\r') --end;
  return std::string_view(file.text).substr(begin, end - begin);
}

}  // namespace smic
