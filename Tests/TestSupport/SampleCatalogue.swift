/// A small catalogue of odd models, in the shape of upstream's.
public enum SampleCatalogue {
    /// The body `{"data":[...]}`.
    public static var json: [UInt8] { Array("{ \"data\" : [\n\(rows.joined(separator: " ,\n"))\n] }".utf8) }

    /// The number of models.
    public static var count: Int { rows.count }

    private static let rows = [
        #"""
        {"id":"acme/anvil","canonical_slug":"acme/anvil-20260701","name":"Acme: Anvil","created":1782900000,
         "context_length":128000,"architecture":{"input_modalities":["text","image"],"output_modalities":["text"],
         "tokenizer":"GPT"},"pricing":{"prompt":"0.0000025","completion":"0.00001","web_search":"0.01"},
         "supported_parameters":["tools","temperature","seed"],"benchmarks":{"artificial_analysis":
         {"intelligence_index":58.9,"coding_index":77.4,"agentic_index":54},"design_arena":[{"elo":1270},{"elo":1352}]}}
        """#,
        // The same slug as the one above, before and after the variant that is meant.
        #"""
        {"id":"acme/anvil:free","canonical_slug":"acme/anvil-20260701","name":"Acme: Anvil (free)","created":1782900000,
         "context_length":32768,"architecture":{"input_modalities":["text"],"output_modalities":["text"],
         "tokenizer":"GPT"},"pricing":{"prompt":"0","completion":"0"},"supported_parameters":["tools"]}
        """#,
        #"""
        {"id":"acme/hammer:free","canonical_slug":"acme/hammer-1","name":"Acme: Hammer (free)","created":1780000000,
         "context_length":8192,"architecture":{"input_modalities":["text"],"output_modalities":["text"],
         "tokenizer":"Llama2"},"pricing":{"prompt":"0.0","completion":"0e0"},"supported_parameters":[]}
        """#,
        #"""
        {"id":"acme/hammer","canonical_slug":"acme/hammer-1","name":"Acme: Hammer","created":1780000000,
         "context_length":8192,"architecture":{"input_modalities":["text"],"output_modalities":["text"],
         "tokenizer":"Llama3"},"pricing":{"prompt":"1e-7","completion":"2.5E-6"},"supported_parameters":["stop"]}
        """#,
        // Two variants and no model of that slug.
        #"""
        {"id":"acme/tongs:beta","canonical_slug":"acme/tongs-0","name":"Acme: Tongs","created":1779999999.75,
         "context_length":1.6e4,"architecture":{"input_modalities":["text"],"output_modalities":["text"],
         "tokenizer":"Llama"},"pricing":{"prompt":0.0000025,"completion":1.0E-5},"supported_parameters":["stop","tools"]}
        """#,
        #"""
        {"id":"acme/tongs:extended","canonical_slug":"acme/tongs-0","name":"Acme: Tongs XL","created":1779999999,
         "context_length":16001,"architecture":{"input_modalities":["text"],"output_modalities":["text"],
         "tokenizer":"Llamas3"},"pricing":{"prompt":"0.000002500000000000000000","completion":"0.00001000"},
         "supported_parameters":["stop","tools","seed"]}
        """#,
        // A router of unknown price.
        #"""
        {"id":"acme/auto","canonical_slug":"acme/auto","name":"Auto Router","created":1700000000,"context_length":2000000,
         "architecture":{"input_modalities":["text","image","audio","file","video"],"output_modalities":["text","image"],
         "tokenizer":"Router"},"pricing":{"prompt":"-1","completion":"-1"},"supported_parameters":["tools","top_k"]}
        """#,
        // An alias of the first, and an alias of something that is not in the list.
        #"""
        {"id":"~acme/anvil-latest","canonical_slug":"~acme/anvil-latest","alias_target":{"name":"Anvil","slug":"acme/anvil"},
         "name":"Acme Anvil Latest","created":1782900001,"context_length":128000,"architecture":{"input_modalities":
         ["text","image"],"output_modalities":["text"],"tokenizer":"GPT"},"pricing":{"prompt":"0.0000025",
         "completion":"0.00001"},"supported_parameters":["tools","temperature","seed"]}
        """#,
        #"""
        {"id":"~forge/bellows-latest","canonical_slug":"~forge/bellows-latest","alias_target":{"slug":"forge/bellows-9"},
         "name":"Bellows Latest","created":1782900002,"context_length":null,"architecture":{"input_modalities":["text"],
         "output_modalities":["text"],"tokenizer":"Qwen3"},"pricing":{"prompt":"0.000000000000000000000001",
         "completion":"0.000000000000000000000002"},"supported_parameters":["reasoning"]}
        """#,
        // Unicode, escapes, spelled in several ways, and fields that nobody knows.
        #"""
        {"id":"émile/\u00c9clair-7b","canonical_slug":"\u00e9mile\/eclair","name":"Émile: \"Éclair\" \\ 7B \ud83c\udf70",
         "created":1750000000,"context_length":4096,"architecture":{"input_modalities":["text"],
         "output_modalities":["text"],"tokenizer":"Other","modality":"text->text"},"pricing":{"prompt":"0.000003",
         "completion":"0.000003"},"x_new":{"a":[1,1.0,1e0,-0,1E+2,123456789012345678901234567890],"a":{}},
         "description":"tab\tline\nnul\u0000 slash\/ Straße İstanbul","supported_parameters":["top_k","min_p"]}
        """#,
        #"""
        {"id":"émile/éclair-13b","name":"ÉMILE ECLAIR","created":1750000000,"context_length":4096,"architecture":
         {"input_modalities":["TEXT","Image"],"output_modalities":["Text","AUDIO"],"tokenizer":"OTHER12"},
         "pricing":{"prompt":"0.000004","completion":"0.000002"},"supported_parameters":["top_k","TOP_K"]}
        """#,
        // Missing, null and of the wrong type: no value, and nothing breaks.
        #"{"id":"bare/minimum"}"#,
        #"""
        {"id":"bare/nulls","canonical_slug":null,"name":null,"created":null,"context_length":null,"architecture":null,
         "pricing":null,"supported_parameters":null,"benchmarks":null,"alias_target":null}
        """#,
        #"""
        {"id":"bare/types","canonical_slug":7,"name":["x"],"created":"1780000000","context_length":"8192","architecture":
         {"input_modalities":"text","output_modalities":["text",7,null],"tokenizer":{}},"pricing":{"prompt":"free",
         "completion":[]},"supported_parameters":{"tools":true},"benchmarks":{"artificial_analysis":{
         "intelligence_index":"58.9","coding_index":null},"design_arena":{"elo":1}},"alias_target":"acme/anvil"}
        """#,
        // Other outputs than text.
        #"""
        {"id":"paint/brush","canonical_slug":"paint/brush-2","name":"Paint: Brush","created":1778185441,
         "context_length":65536,"architecture":{"input_modalities":["text","image"],"output_modalities":["image"],
         "tokenizer":"Other"},"pricing":{"prompt":"0","completion":"0","image":"0.04"},"supported_parameters":["seed"],
         "benchmarks":{"design_arena":[{"arena":"models","elo":1201.5},{"arena":"x"},{"elo":null},{"elo":1199}]}}
        """#,
        #"""
        {"id":"paint/voice","canonical_slug":"paint/voice-1","name":"Paint: Voice","created":1778185442,
         "context_length":0,"architecture":{"input_modalities":["audio"],"output_modalities":["speech","audio"],
         "tokenizer":"Other"},"pricing":{"prompt":"0.00006","completion":"0"},"supported_parameters":[]}
        """#,
        #"""
        {"id":"paint/ears","canonical_slug":"paint/ears-1","name":"Paint: Ears","created":1778185443,
         "context_length":1,"architecture":{"input_modalities":["audio","file"],"output_modalities":["transcription"],
         "tokenizer":"Other"},"pricing":{"prompt":"0.00006","completion":"0"},"supported_parameters":[]}
        """#,
        #"""
        {"id":"paint/vectors","canonical_slug":"paint/vectors-1","name":"Paint: Vectors","created":1778185444,
         "context_length":8192,"architecture":{"input_modalities":["text"],"output_modalities":["embeddings"],
         "tokenizer":"Other"},"pricing":{"prompt":"0.00000001","completion":"0"},"supported_parameters":[]}
        """#,
        #"""
        {"id":"judge/judy","canonical_slug":"judge/judy-1","name":"Judge: Judy","created":1778185445,
         "context_length":8192,"architecture":{"input_modalities":["text","video"],"output_modalities":["decisions",
         "rerank","smell"],"tokenizer":"GPT4"},"pricing":{"prompt":"0.00000005","completion":"0"},
         "supported_parameters":[]}
        """#,
        // Ties in every order, and figures that differ in spelling only.
        #"""
        {"id":"forge/bellows-1","canonical_slug":"forge/bellows-1","name":"Forge: Bellows 1","created":1782900000,
         "context_length":128000,"architecture":{"input_modalities":["text"],"output_modalities":["text","video"],
         "tokenizer":"Qwen"},"pricing":{"prompt":"0.00001","completion":"0.0000025"},"supported_parameters":["tools"],
         "benchmarks":{"artificial_analysis":{"intelligence_index":58.90,"coding_index":7.74e1,"agentic_index":54.0},
         "design_arena":[{"elo":1352}]}}
        """#,
        #"""
        {"id":"forge/bellows-2","canonical_slug":"forge/bellows-2","name":"Forge: Bellows 2","created":1782900000,
         "context_length":128000,"architecture":{"input_modalities":["text"],"output_modalities":["text"],
         "tokenizer":"Qwen3"},"pricing":{"prompt":"0.00000625","completion":"0.00000625"},
         "supported_parameters":["tools","reasoning"],"benchmarks":{"artificial_analysis":{"intelligence_index":58.91,
         "coding_index":0,"agentic_index":null},"design_arena":[{"elo":1352.0},{"elo":-3}]}}
        """#,
        #"""
        {"id":"forge/bellows-3","canonical_slug":"forge/bellows-3","name":"Forge: Bellows 3","created":1782900000,
         "context_length":127999,"architecture":{"input_modalities":["text"],"output_modalities":["text"],
         "tokenizer":"Qwen3"},"pricing":{"prompt":"0.000006250000000000000001","completion":"0.00000625"},
         "supported_parameters":["tools","reasoning","seed"],"benchmarks":{"artificial_analysis":
         {"intelligence_index":58.89,"coding_index":77.39,"agentic_index":100}}}
        """#,
        // One price only, and an id without an author.
        #"""
        {"id":"forge/half","canonical_slug":"forge/half","name":"Half a Price","created":1600000000,"context_length":1e6,
         "architecture":{"input_modalities":["text"],"output_modalities":["text"],"tokenizer":"Llama4"},
         "pricing":{"prompt":"0.000001","completion":"-0.5"},"supported_parameters":["tools"]}
        """#,
        #"""
        {"id":"anvil","canonical_slug":"anvil/of/many/parts","name":"acme","created":1782900003,"context_length":128000,
         "architecture":{"input_modalities":["text","file"],"output_modalities":["text"],"tokenizer":"Llama3.1"},
         "pricing":{"prompt":"12.5","completion":"99999"},"supported_parameters":["tools","stop"]}
        """#,
        #"""
        {"id":"Forge/Tilde~","canonical_slug":"forge/tilde","name":"~","created":0,"context_length":128001,
         "architecture":{"input_modalities":["text","audio"],"output_modalities":["text"],"tokenizer":"llama33"},
         "pricing":{"prompt":"0.000000500","completion":"5e-7"},"supported_parameters":["tools","stop","seed"],
         "benchmarks":{"artificial_analysis":{"intelligence_index":0.0,"coding_index":100,"agentic_index":53.99}}}
        """#,
    ]
}
