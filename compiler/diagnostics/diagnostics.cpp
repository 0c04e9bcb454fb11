// SPDX-License-Identifier: Apache-2.0
#include "compiler/diagnostics/diagnostics.h"

#include <algorithm>
#include <tuple>

namespace smic {
namespace {

Severity severity_of(std::string_view code) {
  if (code.starts_with('N')) return Severity::note;
  return code.starts_with('W') ? Severity::warning : Severity::error;
}

bool same(const Diagnostic& a, const Diagnostic& b) {
  return a.span == b.span && a.code == b.code && a.message == b.message;
}

// A kept diagnostic and when it was reported, which settles ties.
struct Entry {
  const Diagnostic* diagnostic;
  std::size_t order;
};

bool by_place(const Entry& a, const Entry& b) {
  return std::tie(a.diagnostic->span, a.order) < std::tie(b.diagnostic->span, b.order);
}

bool errors_first(const Entry& a, const Entry& b) {
  return std::tie(b.diagnostic->severity, a.diagnostic->span, a.order) <
         std::tie(a.diagnostic->severity, b.diagnostic->span, b.order);
}

// Takes all but the kMaxPerFile most important out of `entries` and returns how many of them were
// errors and others.
struct Rest {
  std::size_t errors = 0;
  std::size_t others = 0;
};

Rest cut_to_limit(std::vector<Entry>& entries) {
  Rest rest;
  if (entries.size() <= Diagnostics::kMaxPerFile) return rest;
  std::ranges::sort(entries, errors_first);
  for (std::size_t i = Diagnostics::kMaxPerFile; i < entries.size(); ++i) {
    ++(entries[i].diagnostic->severity == Severity::error ? rest.errors : rest.others);
  }
  entries.resize(Diagnostics::kMaxPerFile);
  std::ranges::sort(entries, by_place);
  return rest;
}

std::string count_of(std::size_t number, const char* noun) {
  return std::to_string(number) + ' ' + noun + (number == 1 ? "" : "s");
}

Diagnostic rest_of_file(SourceId source, const Rest& rest) {
  Diagnostic diagnostic{Severity::note, "N50", Span{.source = source}, {}, {}, {}};
  diagnostic.message = "and " + std::to_string(rest.errors + rest.others) + " more in this file";
  if (rest.errors > 0) diagnostic.message += ", of which " + count_of(rest.errors, "error");
  return diagnostic;
}

}  // namespace

Diagnostic& Diagnostics::report(std::string code, Span span, std::string message,
                                std::string help) {
  const Severity severity = severity_of(code);
  if (severity == Severity::error) ++error_count_;
  if (severity == Severity::warning) ++warning_count_;
  const bool keep = ++counts_[span.source].reported[static_cast<std::size_t>(severity)] <= kMaxKept;
  Diagnostic diagnostic{severity, std::move(code), span, std::move(message), std::move(help), {}};
  if (keep) return list_.emplace_back(std::move(diagnostic));
  return not_kept_ = std::move(diagnostic);
}

void Diagnostics::report(const Diagnostic& said) {
  report(said.code, said.span, said.message, said.help).notes = said.notes;
}

std::vector<Diagnostic> Diagnostics::sorted() const {
  std::map<SourceId, std::vector<Entry>> by_file;
  for (const Diagnostic& diagnostic : list_) {
    std::vector<Entry>& of_file = by_file[diagnostic.span.source];
    of_file.push_back({&diagnostic, of_file.size()});
  }
  std::vector<Diagnostic> out;
  for (auto& [file, of_file] : by_file) {
    std::ranges::sort(of_file, by_place);
    const auto repeated = std::ranges::unique(
        of_file, [](const Entry& a, const Entry& b) { return same(*a.diagnostic, *b.diagnostic); });
    of_file.erase(repeated.begin(), repeated.end());
    Rest rest = cut_to_limit(of_file);
    for (const Severity severity : {Severity::note, Severity::warning, Severity::error}) {
      const std::size_t reported = counts_.at(file).reported[static_cast<std::size_t>(severity)];
      if (reported <= kMaxKept) continue;
      (severity == Severity::error ? rest.errors : rest.others) += reported - kMaxKept;
    }
    for (const Entry& entry : of_file) out.push_back(*entry.diagnostic);
    if (rest.errors + rest.others > 0) out.push_back(rest_of_file(file, rest));
  }
  return out;
}

}  // namespace smic
