// SPDX-License-Identifier: Apache-2.0
// Runs a fuzz harness without a fuzzer: every file of the corpus folder given, then mutations of
// them, always the same ones. The number of the input that is being run stands on stderr, so that a
// crash can be repeated with `--only N`.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr std::uint32_t kSeed = 20240607;
constexpr std::size_t kMutations = 400;
constexpr std::size_t kLargestMutated = 1 << 18;  // larger corpus files are run as they are only

using Bytes = std::vector<std::uint8_t>;

std::vector<Bytes> read_corpus(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.is_regular_file()) paths.push_back(entry.path());
  }
  std::ranges::sort(paths);  // the order of a directory differs between machines
  std::vector<Bytes> corpus;
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return corpus;
}

// What parsers stumble over.
const std::string kTokens[] = {std::string(1, '\0'),
                               "\xFF",
                               "\n",
                               "\r\n",
                               "\t",
                               "{",
                               "}",
                               "[",
                               "]",
                               "\"",
                               "'",
                               ":",
                               "- ",
                               "&a ",
                               "*a",
                               "|",
                               "---\n",
                               "\\",
                               "\r\n\r\n",
                               "0",
                               "-1",
                               "99999999999999999999"};

class Mutator {
 public:
  Bytes mutate(Bytes input, const Bytes& other) {
    const std::size_t steps = 1 + below(8);
    for (std::size_t i = 0; i < steps; ++i) step(input, other);
    return input;
  }

 private:
  std::size_t below(std::size_t bound) { return bound == 0 ? 0 : random_() % bound; }

  static auto place(Bytes& input, std::size_t at) {
    return input.begin() + static_cast<std::ptrdiff_t>(at);
  }

  void step(Bytes& input, const Bytes& other) {
    const std::size_t at = below(input.size() + 1);
    const std::size_t length = below(std::min<std::size_t>(64, input.size() - at) + 1);
    switch (below(6)) {
      case 0:
        insert(input, at, Bytes(1, static_cast<std::uint8_t>(random_())));
        break;
      case 1:
        input.erase(place(input, at), place(input, at + length));
        break;
      case 2:
        repeat(input, at, length, 1 + below(20));
        break;
      case 3:
        splice(input, at, other);
        break;
      case 4:
        input.resize(at);
        break;
      default: {
        const std::string& token = kTokens[below(std::size(kTokens))];
        insert(input, at, Bytes(token.begin(), token.end()));
      }
    }
  }

  static void insert(Bytes& input, std::size_t at, const Bytes& piece) {
    input.insert(place(input, at), piece.begin(), piece.end());
  }

  static void repeat(Bytes& input, std::size_t at, std::size_t length, std::size_t times) {
    const Bytes piece(place(input, at), place(input, at + length));
    for (std::size_t i = 0; i < times; ++i) insert(input, at, piece);
  }

  void splice(Bytes& input, std::size_t at, const Bytes& other) {
    const std::size_t from = below(other.size());
    const std::size_t size = below(std::min<std::size_t>(200, other.size() - from) + 1);
    const auto begin = other.begin() + static_cast<std::ptrdiff_t>(from);
    insert(input, at, Bytes(begin, begin + static_cast<std::ptrdiff_t>(size)));
  }

  std::mt19937 random_{kSeed};
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 4) {
    std::fprintf(stderr, "usage: %s CORPUS-FOLDER [--only N]\n", argv[0]);
    return 64;
  }
  const std::vector<Bytes> corpus = read_corpus(argv[1]);
  if (corpus.empty()) {
    std::fprintf(stderr, "%s: no corpus\n", argv[1]);
    return 1;
  }
  const std::size_t only = argc == 4 ? std::strtoul(argv[3], nullptr, 10) : 0;
  Mutator mutator;
  for (std::size_t number = 0; number < corpus.size() + kMutations; ++number) {
    const Bytes& original = corpus[number % corpus.size()];
    const Bytes& other = corpus[(number * 7 + 3) % corpus.size()];
    const bool as_it_is = number < corpus.size() || original.size() > kLargestMutated;
    const Bytes input = as_it_is ? original : mutator.mutate(original, other);
    if (argc == 4 && number != only) continue;
    std::fprintf(stderr, "\r%zu", number);
    LLVMFuzzerTestOneInput(input.data(), input.size());
  }
  std::fprintf(stderr, "\r%zu inputs survived\n", corpus.size() + kMutations);
  return 0;
}
