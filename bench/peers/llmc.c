/* Trains a GPT-2 of random weights on random tokens with llm.c's CPU program: LLMC n_layer n_head n_embd vocab block batch steps CHECKPOINT.
 * Compiled by bench/peers/run against a checkout of llm.c that the user has (-I FOLDER); prints {"tok_s": ..., "params": ...}. */
#define TESTING
#include "train_gpt2.c"

enum { kHeaderInts = 256, kMagic = 20240326, kVersion = 3 };

static uint64_t state = 88172645463325252ull;

static uint32_t draw(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (uint32_t)(state >> 32);
}

/* The program reads its model from a file: a header of shapes, then weights of N(0, 0.02)'s size. */
static void write_checkpoint(const char* path, GPT2Config config) {
  int header[kHeaderInts] = {kMagic, kVersion, config.max_seq_len, config.vocab_size, config.num_layers, config.num_heads, config.channels, config.padded_vocab_size};
  size_t sizes[NUM_PARAMETER_TENSORS], count = 0;
  fill_in_parameter_sizes(sizes, config);
  for (int i = 0; i < NUM_PARAMETER_TENSORS; ++i) count += sizes[i];
  FILE* file = fopenCheck(path, "wb");
  fwrite(header, sizeof(int), kHeaderInts, file);
  for (size_t i = 0; i < count; ++i) {
    const float weight = 0.07f * ((float)draw() / 4294967296.0f - 0.5f);
    fwrite(&weight, sizeof weight, 1, file);
  }
  fcloseCheck(file);
}

static int by_value(const void* a, const void* b) {
  const double x = *(const double*)a, y = *(const double*)b;
  return (x > y) - (x < y);
}

int main(int argc, char** argv) {
  if (argc != 9) return 2;
  const int batch = atoi(argv[6]), steps = atoi(argv[7]);
  GPT2Config config = {.max_seq_len = atoi(argv[5]), .vocab_size = atoi(argv[4]), .padded_vocab_size = atoi(argv[4]),
                       .num_layers = atoi(argv[1]), .num_heads = atoi(argv[2]), .channels = atoi(argv[3])};
  write_checkpoint(argv[8], config);
  fflush(stdout);
  const int out = dup(1); /* the program prints what it builds: results alone go to stdout */
  dup2(2, 1);
  GPT2 model;
  gpt2_build_from_checkpoint(&model, argv[8]);
  const int count = batch * config.max_seq_len;
  int* tokens = malloc((size_t)(count + 1) * sizeof(int));
  double* seconds = malloc((size_t)steps * sizeof(double));
  for (int step = 0; step < steps; ++step) {
    for (int i = 0; i <= count; ++i) tokens[i] = (int)(draw() % (uint32_t)config.vocab_size);
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    gpt2_forward(&model, tokens, tokens + 1, batch, config.max_seq_len);
    gpt2_zero_grad(&model);
    gpt2_backward(&model);
    gpt2_update(&model, 1e-4f, 0.9f, 0.999f, 1e-8f, 0.1f, step + 1);
    clock_gettime(CLOCK_MONOTONIC, &end);
    seconds[step] = (double)(end.tv_sec - start.tv_sec) + 1e-9 * (double)(end.tv_nsec - start.tv_nsec);
  }
  qsort(seconds, (size_t)steps, sizeof(double), by_value);
  fflush(stdout);
  dup2(out, 1);
  printf("{\"tok_s\": %.6g, \"params\": %zu}\n", count / seconds[steps / 2], model.num_parameters);
  return isfinite(model.mean_loss) ? 0 : 1;
}
