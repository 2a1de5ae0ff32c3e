#include "store/neuron_rows.h"

#include <cstring>
#include <nlohmann/json.hpp>
#include <span>
#include <utility>

#include "store/record.h"
#include "store/record_json.h"

namespace mobiedit {

std::vector<float> floats_of(std::span<const std::byte> bytes) {
  std::vector<float> values(bytes.size() / sizeof(float));
  if (!values.empty()) std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  return values;
}

Status insert_neuron(const Database& database, std::int64_t edit, const SharedNeuron& shared) {
  auto row = database.prepare(
      "INSERT INTO neurons (edit, number, others, gate, up, down, checksum) VALUES (?, "
      "(SELECT count(*) FROM neurons WHERE edit = ?), ?, ?, ?, ?, ?)");
  if (!row) return std::unexpected(row.error());
  row->bind(0, edit);
  row->bind(1, edit);
  row->bind(2, to_json(shared.others).dump());
  row->bind(3, std::as_bytes(std::span(shared.neuron.gate)));
  row->bind(4, std::as_bytes(std::span(shared.neuron.up)));
  row->bind(5, std::as_bytes(std::span(shared.neuron.down)));
  row->bind(6, checksum(shared));
  return row->run();
}

Result<NeuronRows> NeuronRows::prepare(const Database& database) {
  auto rows =
      database.prepare("SELECT number, others, gate, up, down, checksum FROM neurons WHERE edit = ? ORDER BY number");
  if (!rows) return std::unexpected(rows.error());
  return NeuronRows(std::move(*rows));
}

Result<std::optional<std::vector<SharedNeuron>>> NeuronRows::of(std::int64_t edit, int layer) {
  rows_.reset();
  rows_.bind(0, edit);
  std::vector<SharedNeuron> neurons;
  while (true) {
    const auto more = rows_.step();
    if (!more) return std::unexpected(more.error());
    if (!*more) return neurons;
    auto others = served_from(nlohmann::json::parse(rows_.text(1), nullptr, false));
    if (!others) return std::nullopt;
    SharedNeuron shared{{layer, floats_of(rows_.blob(2)), floats_of(rows_.blob(3)), floats_of(rows_.blob(4))},
                        std::move(*others)};
    // The edit's checksum covers its own neuron, number 0.
    if (!neurons.empty() && rows_.text(5) != checksum(shared)) return std::nullopt;
    neurons.push_back(std::move(shared));
  }
}

}  // namespace mobiedit
