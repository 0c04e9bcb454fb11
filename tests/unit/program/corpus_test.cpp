// SPDX-License-Identifier: Apache-2.0
// The seeds of the image fuzzer are real images. Were they refused at the door, after a change of
// the format, the fuzzer would fuzz nothing but that refusal.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "runtime/program/program.h"
#include "tests/support/decisions.h"

using namespace smic;

namespace {

const std::filesystem::path kCorpus = "tests/fuzz/corpus/image";

void write_seeds() {
  std::filesystem::create_directories(kCorpus);
  for (const std::string target : {"x86_64-v2", "x86_64-v3", "aarch64", "portable"}) {
    for (const auto& [name, unit] :
         {std::pair{"plain", test::kPlainUnit}, std::pair{"canary", test::kCanaryUnit}}) {
      const auto image = test::image_of(unit, target);
      std::ofstream file(kCorpus / (std::string(name) + "-" + target + ".image"), std::ios::binary);
      file.write(reinterpret_cast<const char*>(image.data()),
                 static_cast<std::streamsize>(image.size()));
    }
  }
}

}  // namespace

TEST_CASE("the seeds of the image fuzzer load; SMIC_UPDATE_GOLDEN=1 rewrites them", "[program]") {
  if (std::getenv("SMIC_UPDATE_GOLDEN")) write_seeds();
  std::size_t seeds = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kCorpus)) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    INFO(entry.path());
    CHECK(program::load(std::as_bytes(std::span(bytes)), program::Engine::portable));
    ++seeds;
  }
  CHECK(seeds >= 8);
}
