// SPDX-License-Identifier: Apache-2.0
// One golden case: the folder that it runs in.
//
//   input.yaml      the manifests; a first line "# options: …" chooses model options
//   expected.smir   the raw units
//   expected.diag   the diagnostics as a person sees them; no such file = there are none
//
// SMIC_UPDATE_GOLDEN=1 writes what came out: both files where there was none, else those there are.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "compiler/lowering/lowering.h"
#include "compiler/resources/resources.h"
#include "compiler/text/text.h"

using namespace smic;
namespace fs = std::filesystem;

namespace {

const fs::path kUnits = "expected.smir";
const fs::path kDiagnostics = "expected.diag";

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE(file);
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

void write(const fs::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

model::Options options_of(const std::string& input) {
  model::Options options;
  constexpr std::string_view kMark = "# options:";
  if (!input.starts_with(kMark)) return options;
  std::istringstream words(input.substr(kMark.size(), input.find('\n') - kMark.size()));
  for (std::string word; words >> word;) {
    if (word == "access=permissive") {
      options.access = ir::AccessMode::permissive;
    } else if (word == "allow-self-reference") {
      options.allow_self_reference = true;
    } else if (word == "allow-foreign-destination") {
      options.allow_foreign_destination = true;
    } else if (word == "split-shares=strict") {
      options.split_shares = contract::SplitShares::strict;
    } else if (word.starts_with("extension-methods=")) {
      options.extension_methods.push_back(word.substr(18));
    } else if (word.starts_with("include=")) {
      options.include.push_back(word.substr(8));
    } else if (word.starts_with("exclude=")) {
      options.exclude.push_back(word.substr(8));
    } else {
      FAIL("unknown option " << word);
    }
  }
  return options;
}

struct Outcome {
  std::string units;
  std::string diagnostics;
};

// The text of the units must read back as what it was printed from, whatever the case is about.
void check_round_trip(const std::vector<ir::Unit>& units, const std::string& printed) {
  Sources sources;
  const SourceId source = sources.add("expected.smir", printed);
  Diagnostics diagnostics(sources);
  CHECK(text::parse(sources, source, diagnostics) == units);
  CHECK(diagnostics.empty());
}

Outcome outcome_of(const std::string& input) {
  Sources sources;
  sources.add("input.yaml", input);
  Diagnostics diagnostics(sources);
  const model::Options options = options_of(input);
  const resources::Set set = resources::decode(sources, diagnostics, options.extension_methods);
  const model::Mesh mesh = model::resolve(set, options, diagnostics);
  const std::vector<ir::Unit> units = lowering::lower(mesh, diagnostics);
  const std::string printed = ir::print(units);
  check_round_trip(units, printed);
  return {printed, diagnostics.empty() ? "" : render(diagnostics, DiagnosticsFormat::human)};
}

void update(const Outcome& outcome) {
  const bool is_new = !fs::exists(kUnits) && !fs::exists(kDiagnostics);
  if (is_new || fs::exists(kUnits)) write(kUnits, outcome.units);
  if (outcome.diagnostics.empty()) {
    fs::remove(kDiagnostics);
  } else {
    write(kDiagnostics, outcome.diagnostics);
  }
}

}  // namespace

TEST_CASE("what comes out of input.yaml is what is expected") {
  const Outcome outcome = outcome_of(read("input.yaml"));
  const char* rewrite = std::getenv("SMIC_UPDATE_GOLDEN");
  if (rewrite != nullptr && *rewrite == '1') update(outcome);
  REQUIRE((fs::exists(kUnits) || fs::exists(kDiagnostics)));
  if (fs::exists(kUnits)) CHECK(outcome.units == read(kUnits));
  CHECK(outcome.diagnostics == (fs::exists(kDiagnostics) ? read(kDiagnostics) : ""));
}

// Run beside the cases, by name: a case that CMakeLists.txt does not list is never run.
TEST_CASE("every case is listed", "[.][listed]") {
  const std::string list = read("CMakeLists.txt");
  for (const auto& entry : fs::directory_iterator(".")) {
    if (!entry.is_directory()) continue;
    INFO(entry.path());
    CHECK(list.find(" " + entry.path().filename().string()) != std::string::npos);
  }
}
