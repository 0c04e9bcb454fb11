// SPDX-License-Identifier: Apache-2.0
// What the author of the input did wrong, as values: located, coded, with help. Functions take a
// `Diagnostics&`, report, and still return their best effort; nothing throws, nothing stops at the
// first mistake. One renderer per format (DESIGN §10).
//
//   shop.yaml:14:13: warning: backend `web-v3` of TrafficSplit `web` is not a Service, so it takes
//   no traffic [W06]
//      14 |   - service: web-v3
//         |              ^^^^^^
//      help: did you mean `web-v2`?
//
// Message: one sentence, lower-case start, no full stop, the user's own text in backticks.
#pragma once

#include <compare>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/did_you_mean.h"
#include "base/ids.h"

namespace smic {

using SourceId = StrongId<struct SourceTag>;

// The input's texts, by the names a person would open them with ("shop/split.yaml", "<stdin>"). A
// byte order mark is dropped, so that line 1 has the columns an editor shows.
class Sources {
 public:
  SourceId add(std::string name, std::string text);
  // Shares the text with who else holds it.
  SourceId add(std::string name, std::shared_ptr<const std::string> text);
  // Of a source that lives longer than its text. What is known of places in the old one is void.
  void replace(SourceId id, std::string name, std::shared_ptr<const std::string> text);
  const std::string& name(SourceId id) const;
  std::string_view text(SourceId id) const;
  std::string_view line(SourceId id, std::uint32_t number) const;  // 1-based, without line end
  std::size_t size() const { return files_.size(); }

 private:
  struct File {
    std::string name;
    std::shared_ptr<const std::string> text;
    std::vector<std::size_t> line_starts;
  };
  std::deque<File> files_;  // a deque, so that views stay valid
};

// A stretch of one line. Line and column are 1-based; columns count bytes; line 0 = the whole file.
struct Span {
  SourceId source;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::uint32_t length = 0;
  auto operator<=>(const Span&) const = default;
};

template <class T>
struct Located {
  T value{};
  Span span{};
};

enum class Severity { note, warning, error };

struct Note {
  Span span;
  std::string message;
};

struct Diagnostic {
  Severity severity = Severity::error;
  std::string code;  // "E03", "W06" (SMI reference §7), or ours from E50 and W50 on
  Span span;
  std::string message;
  std::string help;  // may be empty
  std::vector<Note> notes;
};

class Diagnostics {
 public:
  explicit Diagnostics(const Sources& sources) : sources_(&sources) {}

  // Severity comes from the code's first letter; codes.h lists them all.
  Diagnostic& report(std::string code, Span span, std::string message, std::string help = {});

  // As it was reported before, to whoever collects.
  void report(const Diagnostic& said);

  // What was reported so far, in that order; of a hostile file not all of it.
  const std::deque<Diagnostic>& kept() const { return list_; }

  bool has_errors() const { return error_count_ > 0; }
  bool empty() const { return list_.empty(); }
  std::size_t error_count() const { return error_count_; }
  std::size_t warning_count() const { return warning_count_; }
  const Sources& sources() const { return *sources_; }

  // Sorted by file, line and column, the same one only once; at most kMaxPerFile per file, errors
  // before others, then one note (N50) with the rest's count.
  std::vector<Diagnostic> sorted() const;
  static constexpr std::size_t kMaxPerFile = 100;
  // Kept per file and severity; what a hostile file has beyond that is only counted.
  static constexpr std::size_t kMaxKept = 1000;

 private:
  struct FileCount {
    std::size_t reported[3] = {};  // by severity
  };
  const Sources* sources_;
  std::deque<Diagnostic> list_;  // a deque, so that report()'s reference lasts
  std::map<SourceId, FileCount> counts_;
  Diagnostic not_kept_;
  std::size_t error_count_ = 0;
  std::size_t warning_count_ = 0;
};

enum class DiagnosticsFormat { human, plain, json, sarif };

// human: with source line, caret and colour if asked; plain: one line each; json: the one document
// {"diagnostics": [{"severity", "code", "file", "line", "column", "message", "help"}]} (a
// contract).
std::string render(const Diagnostics& diagnostics, DiagnosticsFormat format, bool colour = false);

}  // namespace smic
