/// A small catalogue that is built into the program, so that it can be tried with neither a key nor a network.
///
/// It is made up after the real one: names, prices and figures are plausible and not to be relied upon. There is a
/// model for each case that clients meet: an alias, a free variant, a router without a price, models that do not answer
/// in text.
package enum DemoCatalog {
    /// The models in upstream's order.
    package static let models = rows.split(separator: "\n").map { DemoModel(json: String($0)) }

    /// One object a line, in the order of its keys that upstream has.
    private static let rows = #"""
        {"id":"~openai/gpt-latest","canonical_slug":"~openai/gpt-latest","hugging_face_id":null,"name":"OpenAI: \#
        GPT Latest","created":1786060800,"description":"Always stands for the newest of OpenAI's general models.",\#
        "context_length":400000,"architecture":{"modality":"text+image+file->text","input_modalities":["text",\#
        "image","file"],"output_modalities":["text"],"tokenizer":"Router","instruct_type":null},\#
        "pricing":{"prompt":"0.00000125","completion":"0.00001","web_search":"0.01",\#
        "input_cache_read":"0.000000125"},"top_provider":{"context_length":400000,"max_completion_tokens":128000,\#
        "is_moderated":true},"per_request_limits":null,"supported_parameters":["include_reasoning","max_tokens",\#
        "reasoning","response_format","seed","structured_outputs","tool_choice","tools"],\#
        "default_parameters":{"temperature":null,"top_p":null,"frequency_penalty":null},"supported_voices":null,\#
        "knowledge_cutoff":null,"expiration_date":null,\#
        "links":{"details":"/api/v1/models/~openai/gpt-latest/endpoints"},"alias_target":{"slug":"openai/gpt-5.4",\#
        "name":"OpenAI: GPT-5.4"},"reasoning":{"mandatory":true,"supported_efforts":["high","medium","low"]}}
        {"id":"openai/gpt-5.4","canonical_slug":"openai/gpt-5.4-20260805","hugging_face_id":null,"name":"OpenAI: \#
        GPT-5.4","created":1786060800,"description":"A general model that reasons before it answers, for code and \#
        for long tasks with tools.","context_length":400000,"architecture":{"modality":"text+image+file->text",\#
        "input_modalities":["text","image","file"],"output_modalities":["text"],"tokenizer":"GPT",\#
        "instruct_type":null},"pricing":{"prompt":"0.00000125","completion":"0.00001","web_search":"0.01",\#
        "input_cache_read":"0.000000125"},"top_provider":{"context_length":400000,"max_completion_tokens":128000,\#
        "is_moderated":true},"per_request_limits":null,"supported_parameters":["include_reasoning","max_tokens",\#
        "reasoning","reasoning_effort","response_format","seed","structured_outputs","tool_choice","tools"],\#
        "default_parameters":{"temperature":null,"top_p":null,"frequency_penalty":null},"supported_voices":null,\#
        "knowledge_cutoff":"2026-01-31","expiration_date":null,\#
        "links":{"details":"/api/v1/models/openai/gpt-5.4-20260805/endpoints"},\#
        "benchmarks":{"design_arena":[{"arena":"models","category":"website","elo":1352,"win_rate":61.5,"rank":6},\#
        {"arena":"models","category":"gamedev","elo":1338.5,"win_rate":60.2,"rank":8}],\#
        "artificial_analysis":{"intelligence_index":58.4,"coding_index":61.7,"agentic_index":55.2}},\#
        "reasoning":{"mandatory":true,"supported_efforts":["high","medium","low"]}}
        {"id":"anthropic/claude-sonnet-5","canonical_slug":"anthropic/claude-sonnet-5-20260630",\#
        "hugging_face_id":null,"name":"Anthropic: Claude Sonnet 5","created":1782843083,"description":"A balanced \#
        model for agents and code, with a window of a million tokens.","context_length":1000000,\#
        "architecture":{"modality":"text+image+file->text","input_modalities":["text","image","file"],\#
        "output_modalities":["text"],"tokenizer":"Claude","instruct_type":null},"pricing":{"prompt":"0.000003",\#
        "completion":"0.000015","web_search":"0.01","input_cache_read":"0.0000003",\#
        "input_cache_write":"0.00000375","input_cache_write_1h":"0.000006"},\#
        "top_provider":{"context_length":1000000,"max_completion_tokens":128000,"is_moderated":false},\#
        "per_request_limits":null,"supported_parameters":["include_reasoning","max_tokens","reasoning",\#
        "response_format","stop","structured_outputs","tool_choice","tools","verbosity"],\#
        "default_parameters":{"temperature":null,"top_p":null,"frequency_penalty":null},"supported_voices":null,\#
        "knowledge_cutoff":"2026-02-28","expiration_date":null,\#
        "links":{"details":"/api/v1/models/anthropic/claude-sonnet-5-20260630/endpoints"},\#
        "benchmarks":{"design_arena":[{"arena":"models","category":"website","elo":1391.2,"win_rate":65,"rank":2},\#
        {"arena":"models","category":"dataviz","elo":1369,"win_rate":63.8,"rank":3}],\#
        "artificial_analysis":{"intelligence_index":57.1,"coding_index":64.9,"agentic_index":58.8}},\#
        "reasoning":{"mandatory":false,"supported_efforts":["high","medium","low","none"]}}
        {"id":"x-ai/grok-4.3","canonical_slug":"x-ai/grok-4.3-20260430","hugging_face_id":null,"name":"xAI: Grok \#
        4.3","created":1777507200,"description":"A reasoning model with a long window and its own web search.",\#
        "context_length":500000,"architecture":{"modality":"text+image+file->text","input_modalities":["text",\#
        "image","file"],"output_modalities":["text"],"tokenizer":"Grok","instruct_type":null},\#
        "pricing":{"prompt":"0.00000125","completion":"0.0000025","web_search":"0.005",\#
        "input_cache_read":"0.0000002"},"top_provider":{"context_length":500000,"max_completion_tokens":null,\#
        "is_moderated":false},"per_request_limits":null,"supported_parameters":["include_reasoning","logprobs",\#
        "max_tokens","reasoning","response_format","seed","structured_outputs","temperature","tool_choice","tools",\#
        "top_logprobs","top_p"],"default_parameters":{"temperature":null,"top_p":null,"frequency_penalty":null},\#
        "supported_voices":null,"knowledge_cutoff":null,"expiration_date":null,\#
        "links":{"details":"/api/v1/models/x-ai/grok-4.3-20260430/endpoints"},\#
        "benchmarks":{"design_arena":[{"arena":"models","category":"gamedev","elo":1274,"win_rate":54.4,\#
        "rank":21}],"artificial_analysis":{"intelligence_index":52.3,"coding_index":49.8,"agentic_index":47.6}},\#
        "reasoning":{"mandatory":true,"supported_efforts":["high","medium","low"]}}
        {"id":"openai/gpt-4o-mini-tts","canonical_slug":"openai/gpt-4o-mini-tts-2025-12-15","hugging_face_id":null,\#
        "name":"OpenAI: GPT-4o Mini TTS","created":1774396800,"description":"Reads a text aloud in a voice of \#
        choice.","context_length":4096,"architecture":{"modality":"text->speech","input_modalities":["text"],\#
        "output_modalities":["speech"],"tokenizer":"GPT","instruct_type":null},"pricing":{"prompt":"0.0000006",\#
        "completion":"0.000012"},"top_provider":{"context_length":4096,"max_completion_tokens":null,\#
        "is_moderated":false},"per_request_limits":null,"supported_parameters":["response_format"],\#
        "default_parameters":{"temperature":null,"top_p":null,"frequency_penalty":null},\#
        "supported_voices":["alloy","coral","sage"],"knowledge_cutoff":null,"expiration_date":null,\#
        "links":{"details":"/api/v1/models/openai/gpt-4o-mini-tts-2025-12-15/endpoints"}}
        {"id":"amazon/nova-2-lite-v1","canonical_slug":"amazon/nova-2-lite-v1","hugging_face_id":null,\#
        "name":"Amazon: Nova 2 Lite","created":1764696672,"description":"A fast model for everyday work over texts,\#
         pictures and films.","context_length":1000000,"architecture":{"modality":"text+image+video+file->text",\#
        "input_modalities":["text","image","video","file"],"output_modalities":["text"],"tokenizer":"Nova",\#
        "instruct_type":null},"pricing":{"prompt":"0.0000003","completion":"0.0000025"},\#
        "top_provider":{"context_length":1000000,"max_completion_tokens":65535,"is_moderated":true},\#
        "per_request_limits":null,"supported_parameters":["include_reasoning","max_tokens","reasoning","stop",\#
        "temperature","tool_choice","tools","top_k","top_p"],"default_parameters":{"temperature":null,"top_p":null,\#
        "frequency_penalty":null},"supported_voices":null,"knowledge_cutoff":null,"expiration_date":null,\#
        "links":{"details":"/api/v1/models/amazon/nova-2-lite-v1/endpoints"},"reasoning":{"mandatory":false,\#
        "supported_efforts":["high","medium","low"]}}
        {"id":"mistralai/ministral-3b-2512","canonical_slug":"mistralai/ministral-3b-2512",\#
        "hugging_face_id":"mistralai/Ministral-3-3B-Instruct-2512","name":"Mistral: Ministral 3 3B",\#
        "created":1764681560,"description":"Small enough for a phone; accepts images.","context_length":131072,\#
        "architecture":{"modality":"text+image->text","input_modalities":["text","image"],\#
        "output_modalities":["text"],"tokenizer":"Mistral","instruct_type":null},"pricing":{"prompt":"0.00000004",\#
        "completion":"0.00000004"},"top_provider":{"context_length":131072,"max_completion_tokens":null,\#
        "is_moderated":false},"per_request_limits":null,"supported_parameters":["frequency_penalty","max_tokens",\#
        "presence_penalty","response_format","seed","stop","structured_outputs","temperature","tool_choice",\#
        "tools","top_p"],"default_parameters":{"temperature":0.3,"top_p":null,"frequency_penalty":null},\#
        "supported_voices":null,"knowledge_cutoff":null,"expiration_date":null,\#
        "links":{"details":"/api/v1/models/mistralai/ministral-3b-2512/endpoints"}}
        {"id":"mistralai/mistral-large-2512","canonical_slug":"mistralai/mistral-large-2512",\#
        "hugging_face_id":"mistralai/Mistral-Large-3-675B-Instruct-2512","name":"Mistral: Mistral Large 3",\#
        "created":1764624472,"description":"A large open mixture of experts from Europe, for many languages.",\#
        "context_length":262144,"architecture":{"modality":"text+image->text","input_modalities":["text","image"],\#
        "output_modalities":["text"],"tokenizer":"Mistral","instruct_type":null},"pricing":{"prompt":"0.0000005",\#
        "completion":"0.0000015","input_cache_read":"0.00000005"},"top_provider":{"context_length":262144,\#
        "max_completion_tokens":null,"is_moderated":false},"per_request_limits":null,\#
        "supported_parameters":["frequency_penalty","max_tokens","presence_penalty","response_format","seed",\#
        "stop","structured_outputs","temperature","tool_choice","tools","top_p"],\#
        "default_parameters":{"temperature":0.0645,"top_p":null,"frequency_penalty":null},"supported_voices":null,\#
        "knowledge_cutoff":null,"expiration_date":null,\#
        "links":{"details":"/api/v1/models/mistralai/mistral-large-2512/endpoints"},\#
        "benchmarks":{"design_arena":[],"artificial_analysis":{"intelligence_index":23,"coding_index":22.7,\#
        "agentic_index":null}}}
        {"id":"deepseek/deepseek-v3.2","canonical_slug":"deepseek/deepseek-v3.2-20251201",\#
        "hugging_face_id":"deepseek-ai/DeepSeek-V3.2","name":"DeepSeek: DeepSeek V3.2","created":1764594642,\#
        "description":"An open model with sparse attention, strong for its price.","context_length":163840,\#
        "architecture":{"modality":"text->text","input_modalities":["text"],"output_modalities":["text"],\#
        "tokenizer":"DeepSeek","instruct_type":"deepseek-v3.1"},"pricing":{"prompt":"0.000000252",\#
        "completion":"0.000000378","input_cache_read":"0.0000000252"},"top_provider":{"context_length":163840,\#
        "max_completion_tokens":65536,"is_moderated":false},"per_request_limits":null,\#
        "supported_parameters":["frequency_penalty","include_reasoning","logit_bias","max_tokens","min_p",\#
        "presence_penalty","reasoning","repetition_penalty","response_format","seed","stop","structured_outputs",\#
        "temperature","tool_choice","tools","top_k","top_p"],"default_parameters":{"temperature":1,"top_p":0.95,\#
        "frequency_penalty":null},"supported_voices":null,"knowledge_cutoff":null,"expiration_date":null,\#
        "links":{"details":"/api/v1/models/deepseek/deepseek-v3.2-20251201/endpoints"},\#
        "benchmarks":{"design_arena":[{"arena":"models","category":"website","elo":1281.4,"win_rate":55.9,\#
        "rank":19}],"artificial_analysis":{"intelligence_index":41.7,"coding_index":36.7,"agentic_index":52.9}},\#
        "reasoning":{"mandatory":false,"supported_efforts":null}}
        {"id":"openai/text-embedding-3-small","canonical_slug":"openai/text-embedding-3-small",\#
        "hugging_face_id":null,"name":"OpenAI: Text Embedding 3 Small","created":1761862655,"description":"Turns \#
        texts into vectors of 1536 numbers, for search and for sorting.","context_length":8192,\#
        "architecture":{"modality":"text->embeddings","input_modalities":["text"],\#
        "output_modalities":["embeddings"],"tokenizer":"GPT","instruct_type":null},\#
        "pricing":{"prompt":"0.00000002","completion":"0"},"top_provider":{"context_length":8192,\#
        "max_completion_tokens":null,"is_moderated":false},"per_request_limits":null,"supported_parameters":[],\#
        "default_parameters":{"temperature":null,"top_p":null,"frequency_penalty":null},"supported_voices":null,\#
        "knowledge_cutoff":null,"expiration_date":null,\#
        "links":{"details":"/api/v1/models/openai/text-embedding-3-small/endpoints"}}
        {"id":"anthropic/claude-haiku-4.5","canonical_slug":"anthropic/claude-4.5-haiku-20251001",\#
        "hugging_face_id":null,"name":"Anthropic: Claude Haiku 4.5","created":1760547638,"description":"A quick, \#
        small model that still calls tools reliably.","context_length":200000,\#
        "architecture":{"modality":"text+image->text","input_modalities":["text","image"],\#
        "output_modalities":["text"],"tokenizer":"Claude","instruct_type":null},"pricing":{"prompt":"0.000001",\#
        "completion":"0.000005","input_cache_read":"0.0000001","input_cache_write":"0.00000125"},\#
        "top_provider":{"context_length":200000,"max_completion_tokens":64000,"is_moderated":true},\#
        "per_request_limits":null,"supported_parameters":["include_reasoning","max_tokens","reasoning","stop",\#
        "temperature","tool_choice","tools","top_k","top_p"],"default_parameters":{"temperature":null,"top_p":null,\#
        "frequency_penalty":null},"supported_voices":null,"knowledge_cutoff":"2025-02-28","expiration_date":null,\#
        "links":{"details":"/api/v1/models/anthropic/claude-4.5-haiku-20251001/endpoints"},\#
        "benchmarks":{"design_arena":[{"arena":"models","category":"website","elo":1248,"win_rate":50.1,\#
        "rank":31}],"artificial_analysis":{"intelligence_index":37,"coding_index":29.6,"agentic_index":33.1}},\#
        "reasoning":{"mandatory":false,"supported_efforts":null}}
        {"id":"google/gemini-2.5-flash-image","canonical_slug":"google/gemini-2.5-flash-image",\#
        "hugging_face_id":null,"name":"Google: Gemini 2.5 Flash Image","created":1759870431,"description":"Draws \#
        and edits pictures in a conversation.","context_length":32768,\#
        "architecture":{"modality":"text+image->image+text","input_modalities":["text","image"],\#
        "output_modalities":["image","text"],"tokenizer":"Gemini","instruct_type":null},\#
        "pricing":{"prompt":"0.0000003","completion":"0.0000025","image":"0.0000003","image_output":"0.00003"},\#
        "top_provider":{"context_length":32768,"max_completion_tokens":32768,"is_moderated":false},\#
        "per_request_limits":null,"supported_parameters":["max_tokens","response_format","seed","temperature",\#
        "top_p"],"default_parameters":{"temperature":null,"top_p":null,"frequency_penalty":null},\#
        "supported_voices":null,"knowledge_cutoff":null,"expiration_date":null,\#
        "links":{"details":"/api/v1/models/google/gemini-2.5-flash-image/endpoints"}}
        {"id":"nousresearch/hermes-4-70b","canonical_slug":"nousresearch/hermes-4-70b",\#
        "hugging_face_id":"NousResearch/Hermes-4-70B","name":"Nous: Hermes 4 70B","created":1756236182,\#
        "description":"An open model tuned for creative writing and role play.","context_length":131072,\#
        "architecture":{"modality":"text->text","input_modalities":["text"],"output_modalities":["text"],\#
        "tokenizer":"Llama3","instruct_type":"chatml"},"pricing":{"prompt":"0.00000013","completion":"0.0000004"},\#
        "top_provider":{"context_length":131072,"max_completion_tokens":null,"is_moderated":false},\#
        "per_request_limits":null,"supported_parameters":["frequency_penalty","include_reasoning","logit_bias",\#
        "max_tokens","min_p","presence_penalty","reasoning","repetition_penalty","response_format","seed","stop",\#
        "structured_outputs","temperature","top_k","top_p"],"default_parameters":{"temperature":null,"top_p":null,\#
        "frequency_penalty":null},"supported_voices":null,"knowledge_cutoff":null,"expiration_date":"2027-01-31",\#
        "links":{"details":"/api/v1/models/nousresearch/hermes-4-70b/endpoints"},"reasoning":{"mandatory":false,\#
        "supported_efforts":null}}
        {"id":"openai/gpt-oss-20b","canonical_slug":"openai/gpt-oss-20b","hugging_face_id":"openai/gpt-oss-20b",\#
        "name":"OpenAI: gpt-oss-20b","created":1754414229,"description":"An open model of 21 billion parameters \#
        under the Apache licence.","context_length":131072,"architecture":{"modality":"text->text",\#
        "input_modalities":["text"],"output_modalities":["text"],"tokenizer":"GPT","instruct_type":null},\#
        "pricing":{"prompt":"0.00000001999999","completion":"0.0000000999995"},\#
        "top_provider":{"context_length":131072,"max_completion_tokens":null,"is_moderated":false},\#
        "per_request_limits":null,"supported_parameters":["frequency_penalty","include_reasoning","logit_bias",\#
        "max_tokens","min_p","presence_penalty","reasoning","reasoning_effort","repetition_penalty",\#
        "response_format","seed","stop","structured_outputs","temperature","tool_choice","tools","top_k","top_p"],\#
        "default_parameters":{"temperature":null,"top_p":null,"frequency_penalty":null},"supported_voices":null,\#
        "knowledge_cutoff":null,"expiration_date":null,\#
        "links":{"details":"/api/v1/models/openai/gpt-oss-20b/endpoints"},"benchmarks":{"design_arena":[],\#
        "artificial_analysis":{"intelligence_index":24.5,"coding_index":18.5,"agentic_index":27.1}},\#
        "reasoning":{"mandatory":true,"supported_efforts":["high","medium","low"]}}
        {"id":"qwen/qwen3-coder","canonical_slug":"qwen/qwen3-coder-480b-a35b-07-25",\#
        "hugging_face_id":"Qwen/Qwen3-Coder-480B-A35B-Instruct","name":"Qwen: Qwen3 Coder 480B A35B",\#
        "created":1753230546,"description":"An open mixture of experts for code and long repositories.",\#
        "context_length":262144,"architecture":{"modality":"text->text","input_modalities":["text"],\#
        "output_modalities":["text"],"tokenizer":"Qwen3","instruct_type":"qwen3"},"pricing":{"prompt":"0.00000022",\#
        "completion":"0.000001"},"top_provider":{"context_length":262144,"max_completion_tokens":65536,\#
        "is_moderated":false},"per_request_limits":null,"supported_parameters":["frequency_penalty","logit_bias",\#
        "max_tokens","min_p","presence_penalty","repetition_penalty","response_format","seed","stop",\#
        "structured_outputs","temperature","tool_choice","tools","top_k","top_p"],\#
        "default_parameters":{"temperature":null,"top_p":null,"frequency_penalty":null},"supported_voices":null,\#
        "knowledge_cutoff":null,"expiration_date":null,\#
        "links":{"details":"/api/v1/models/qwen/qwen3-coder-480b-a35b-07-25/endpoints"},\#
        "benchmarks":{"design_arena":[{"arena":"models","category":"website","elo":1224,"win_rate":49.3,"rank":40},\#
        {"arena":"models","category":"uicomponent","elo":1201.7,"win_rate":48.8,"rank":44}],\#
        "artificial_analysis":{"intelligence_index":25,"coding_index":24.6,"agentic_index":null}}}
        {"id":"qwen/qwen3-coder:free","canonical_slug":"qwen/qwen3-coder-480b-a35b-07-25",\#
        "hugging_face_id":"Qwen/Qwen3-Coder-480B-A35B-Instruct","name":"Qwen: Qwen3 Coder 480B A35B (free)",\#
        "created":1753230546,"description":"The same model for free, with stricter rate limits.",\#
        "context_length":262000,"architecture":{"modality":"text->text","input_modalities":["text"],\#
        "output_modalities":["text"],"tokenizer":"Qwen3","instruct_type":"qwen3"},"pricing":{"prompt":"0",\#
        "completion":"0"},"top_provider":{"context_length":262000,"max_completion_tokens":262000,\#
        "is_moderated":false},"per_request_limits":null,"supported_parameters":["frequency_penalty","max_tokens",\#
        "presence_penalty","seed","stop","temperature","tool_choice","tools","top_k","top_p"],\#
        "default_parameters":{"temperature":null,"top_p":null,"frequency_penalty":null},"supported_voices":null,\#
        "knowledge_cutoff":null,"expiration_date":null,\#
        "links":{"details":"/api/v1/models/qwen/qwen3-coder-480b-a35b-07-25/endpoints"},\#
        "benchmarks":{"design_arena":[],"artificial_analysis":{"intelligence_index":25,"coding_index":24.6,\#
        "agentic_index":null}}}
        {"id":"google/gemini-2.5-flash-lite","canonical_slug":"google/gemini-2.5-flash-lite",\#
        "hugging_face_id":null,"name":"Google: Gemini 2.5 Flash Lite","created":1753200276,"description":"The \#
        least costly of its family, for many short requests.","context_length":1048576,\#
        "architecture":{"modality":"text+image+file+audio+video->text","input_modalities":["text","image","file",\#
        "audio","video"],"output_modalities":["text"],"tokenizer":"Gemini","instruct_type":null},\#
        "pricing":{"prompt":"0.0000001","completion":"0.0000004","audio":"0.0000003",\#
        "input_cache_read":"0.00000001"},"top_provider":{"context_length":1048576,"max_completion_tokens":65535,\#
        "is_moderated":false},"per_request_limits":null,"supported_parameters":["include_reasoning","max_tokens",\#
        "reasoning","response_format","seed","stop","structured_outputs","temperature","tool_choice","tools",\#
        "top_p"],"default_parameters":{"temperature":null,"top_p":null,"frequency_penalty":null},\#
        "supported_voices":null,"knowledge_cutoff":"2025-01-31","expiration_date":null,\#
        "links":{"details":"/api/v1/models/google/gemini-2.5-flash-lite/endpoints"},\#
        "benchmarks":{"design_arena":[],"artificial_analysis":{"intelligence_index":17.4,"coding_index":9.5,\#
        "agentic_index":8.1}},"reasoning":{"mandatory":false,"supported_efforts":null}}
        {"id":"google/gemini-2.5-pro","canonical_slug":"google/gemini-2.5-pro","hugging_face_id":null,\#
        "name":"Google: Gemini 2.5 Pro","created":1750169544,"description":"Reads text, pictures, sound and films, \#
        and reasons over all of them.","context_length":1048576,\#
        "architecture":{"modality":"text+image+file+audio+video->text","input_modalities":["text","image","file",\#
        "audio","video"],"output_modalities":["text"],"tokenizer":"Gemini","instruct_type":null},\#
        "pricing":{"prompt":"0.00000125","completion":"0.00001","image":"0.00000125","audio":"0.00000125",\#
        "input_cache_read":"0.000000125","overrides":[{"min_prompt_tokens":200000,"prompt":"0.0000025",\#
        "completion":"0.000015"}]},"top_provider":{"context_length":1048576,"max_completion_tokens":65536,\#
        "is_moderated":false},"per_request_limits":null,"supported_parameters":["include_reasoning","max_tokens",\#
        "reasoning","response_format","seed","stop","structured_outputs","temperature","tool_choice","tools",\#
        "top_p"],"default_parameters":{"temperature":null,"top_p":null,"frequency_penalty":null},\#
        "supported_voices":null,"knowledge_cutoff":"2025-01-31","expiration_date":null,\#
        "links":{"details":"/api/v1/models/google/gemini-2.5-pro/endpoints"},\#
        "benchmarks":{"design_arena":[{"arena":"models","category":"website","elo":1196,"win_rate":53.4,\#
        "rank":48}],"artificial_analysis":{"intelligence_index":46.2,"coding_index":46.7,"agentic_index":32.8}},\#
        "reasoning":{"mandatory":true,"supported_efforts":null}}
        {"id":"meta-llama/llama-4-maverick","canonical_slug":"meta-llama/llama-4-maverick-17b-128e-instruct",\#
        "hugging_face_id":"meta-llama/Llama-4-Maverick-17B-128E-Instruct","name":"Meta: Llama 4 Maverick",\#
        "created":1743881822,"description":"An open mixture of 128 experts that reads pictures too.",\#
        "context_length":1048576,"architecture":{"modality":"text+image->text","input_modalities":["text","image"],\#
        "output_modalities":["text"],"tokenizer":"Llama4","instruct_type":null},"pricing":{"prompt":"0.00000015",\#
        "completion":"0.0000006"},"top_provider":{"context_length":1048576,"max_completion_tokens":16384,\#
        "is_moderated":false},"per_request_limits":null,"supported_parameters":["frequency_penalty","logit_bias",\#
        "max_tokens","min_p","presence_penalty","repetition_penalty","response_format","seed","stop",\#
        "structured_outputs","temperature","tool_choice","tools","top_k","top_p"],"default_parameters":{},\#
        "supported_voices":null,"knowledge_cutoff":"2024-08-31","expiration_date":null,\#
        "links":{"details":"/api/v1/models/meta-llama/llama-4-maverick-17b-128e-instruct/endpoints"},\#
        "benchmarks":{"design_arena":[],"artificial_analysis":{"intelligence_index":18,"coding_index":16.3,\#
        "agentic_index":7.2}}}
        {"id":"cohere/command-a","canonical_slug":"cohere/command-a-03-2025",\#
        "hugging_face_id":"CohereForAI/c4ai-command-a-03-2025","name":"Cohere: Command A","created":1741894342,\#
        "description":"For business use in many languages, with citations.","context_length":256000,\#
        "architecture":{"modality":"text->text","input_modalities":["text"],"output_modalities":["text"],\#
        "tokenizer":"Cohere","instruct_type":null},"pricing":{"prompt":"0.0000025","completion":"0.00001"},\#
        "top_provider":{"context_length":256000,"max_completion_tokens":8192,"is_moderated":true},\#
        "per_request_limits":null,"supported_parameters":["frequency_penalty","max_tokens","presence_penalty",\#
        "response_format","seed","stop","structured_outputs","temperature","top_k","top_p"],\#
        "default_parameters":{"temperature":null,"top_p":null,"frequency_penalty":null},"supported_voices":null,\#
        "knowledge_cutoff":"2024-08-31","expiration_date":null,\#
        "links":{"details":"/api/v1/models/cohere/command-a-03-2025/endpoints"},"benchmarks":{"design_arena":[],\#
        "artificial_analysis":{"intelligence_index":13.5,"coding_index":9.9,"agentic_index":null}}}
        {"id":"meta-llama/llama-3.3-70b-instruct","canonical_slug":"meta-llama/llama-3.3-70b-instruct",\#
        "hugging_face_id":"meta-llama/Llama-3.3-70B-Instruct","name":"Meta: Llama 3.3 70B Instruct",\#
        "created":1733506137,"description":"An open model tuned for dialogue in eight languages.",\#
        "context_length":131072,"architecture":{"modality":"text->text","input_modalities":["text"],\#
        "output_modalities":["text"],"tokenizer":"Llama3","instruct_type":"llama3"},\#
        "pricing":{"prompt":"0.0000001","completion":"0.00000032"},"top_provider":{"context_length":131072,\#
        "max_completion_tokens":16384,"is_moderated":false},"per_request_limits":null,\#
        "supported_parameters":["frequency_penalty","logit_bias","max_tokens","min_p","presence_penalty",\#
        "repetition_penalty","response_format","seed","stop","structured_outputs","temperature","tool_choice",\#
        "tools","top_k","top_p"],"default_parameters":{},"supported_voices":null,"knowledge_cutoff":"2023-12-31",\#
        "expiration_date":null,"links":{"details":"/api/v1/models/meta-llama/llama-3.3-70b-instruct/endpoints"},\#
        "benchmarks":{"design_arena":[],"artificial_analysis":{"intelligence_index":9.4,"coding_index":11.9,\#
        "agentic_index":0.3}}}
        {"id":"openai/gpt-4o-mini","canonical_slug":"openai/gpt-4o-mini","hugging_face_id":null,"name":"OpenAI: \#
        GPT-4o-mini","created":1721260800,"description":"The small sibling of GPT-4o: quick and cheap.",\#
        "context_length":128000,"architecture":{"modality":"text+image+file->text","input_modalities":["text",\#
        "image","file"],"output_modalities":["text"],"tokenizer":"GPT","instruct_type":null},\#
        "pricing":{"prompt":"0.00000015","completion":"0.0000006","input_cache_read":"0.000000075"},\#
        "top_provider":{"context_length":128000,"max_completion_tokens":16384,"is_moderated":true},\#
        "per_request_limits":null,"supported_parameters":["frequency_penalty","logit_bias","logprobs","max_tokens",\#
        "presence_penalty","response_format","seed","stop","structured_outputs","temperature","tool_choice",\#
        "tools","top_logprobs","top_p","web_search_options"],"default_parameters":{},"supported_voices":null,\#
        "knowledge_cutoff":"2023-10-31","expiration_date":null,\#
        "links":{"details":"/api/v1/models/openai/gpt-4o-mini/endpoints"},"benchmarks":{"design_arena":[],\#
        "artificial_analysis":{"intelligence_index":12.6,"coding_index":11,"agentic_index":null}}}
        {"id":"openai/gpt-4o","canonical_slug":"openai/gpt-4o","hugging_face_id":null,"name":"OpenAI: GPT-4o",\#
        "created":1715558400,"description":"\"o\" for \"omni\": text and pictures in, text out.",\#
        "context_length":128000,"architecture":{"modality":"text+image+file->text","input_modalities":["text",\#
        "image","file"],"output_modalities":["text"],"tokenizer":"GPT","instruct_type":null},\#
        "pricing":{"prompt":"0.0000025","completion":"0.00001","input_cache_read":"0.00000125"},\#
        "top_provider":{"context_length":128000,"max_completion_tokens":16384,"is_moderated":true},\#
        "per_request_limits":null,"supported_parameters":["frequency_penalty","logit_bias","logprobs","max_tokens",\#
        "presence_penalty","response_format","seed","stop","structured_outputs","temperature","tool_choice",\#
        "tools","top_logprobs","top_p","web_search_options"],"default_parameters":{},"supported_voices":null,\#
        "knowledge_cutoff":"2023-10-31","expiration_date":null,\#
        "links":{"details":"/api/v1/models/openai/gpt-4o/endpoints"},\#
        "benchmarks":{"design_arena":[{"arena":"models","category":"website","elo":938,"win_rate":39.4,"rank":97},\#
        {"arena":"models","category":"3d","elo":941,"win_rate":39.2,"rank":94}],\#
        "artificial_analysis":{"intelligence_index":17.3,"coding_index":16.7,"agentic_index":9.8}}}
        {"id":"openrouter/auto","canonical_slug":"openrouter/auto","hugging_face_id":null,"name":"Auto Router",\#
        "created":1699401600,"description":"Chooses a model for each prompt; the price is that of the chosen one.",\#
        "context_length":2000000,"architecture":{"modality":"text+image+audio+file+video->text+image",\#
        "input_modalities":["text","image","audio","file","video"],"output_modalities":["text","image"],\#
        "tokenizer":"Router","instruct_type":null},"pricing":{"prompt":"-1","completion":"-1"},\#
        "top_provider":{"context_length":null,"max_completion_tokens":null,"is_moderated":false},\#
        "per_request_limits":null,"supported_parameters":["frequency_penalty","include_reasoning","logit_bias",\#
        "max_tokens","min_p","presence_penalty","reasoning","repetition_penalty","response_format","seed","stop",\#
        "structured_outputs","temperature","tool_choice","tools","top_k","top_p"],\#
        "default_parameters":{"temperature":null,"top_p":null,"frequency_penalty":null},"supported_voices":null,\#
        "knowledge_cutoff":null,"expiration_date":null,\#
        "links":{"details":"/api/v1/models/openrouter/auto/endpoints"}}
        """#
}
